"""The merge: a field's heads are the versions that no later op has superseded.

`heads' = (heads - base) + op`. One head is a value; several heads with unequal values are a conflict, which only
an op whose base names them all can end. Clocks play no part. Order plays none either, as long as an op comes
after the ops that its bases name (`missing_bases` tells which have not come yet). What a person needs to know to
settle a conflict is worked out beside it, in `explain`.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sync.op import ENTITY, REPORT, REVIEW, Edit, Op

# A snapshot is JSON: it is stored, served and overlaid by the phone in this very shape (docs/sync.md).
Snapshot = dict[str, Any]
Version = dict[str, Any]
Origin = dict[str, Any]


def empty(op: Op, home_district: str | None) -> Snapshot:
    """Return the snapshot of a report before its first op."""
    return {
        "report": op.report,
        "form": {"id": op.form_id, "version": op.form_version},
        "author": op.actor,
        "home": home_district,
        "district": home_district,
        "state": "draft",
        "entities": {},
        "fields": {},
        "open": {},
        "settled": [],
        "ops": 0,
    }


def versions(snapshot: Snapshot, entity: str, field: str) -> list[Version]:
    """Return the heads of a field, oldest first; empty where nobody wrote it."""
    found: list[Version] = snapshot["fields"].get(entity, {}).get(field, [])
    return found


def is_set_member(field: str) -> bool:
    """Tell whether a field is one member of a checklist (`observed/mask`): there, adding wins."""
    return "/" in field


def in_conflict(field: str, heads: list[Version]) -> bool:
    """Tell whether heads disagree in a way that a person must settle."""
    if len(heads) < 2 or is_set_member(field) or field == ENTITY:
        return False
    return any(not same(head["value"], heads[0]["value"]) for head in heads[1:])


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal; unlike Python, JSON does not take `true` for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    return bool(one == other)


def conflicts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return every (entity, field) whose values a person must settle; see `standing_apart`."""
    return [place for place in standing_apart(snapshot) if _kind(snapshot, place) != "merged"]


def unconfirmed(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return every (entity, field) whose text was merged and has not been confirmed by a person."""
    return [place for place in standing_apart(snapshot) if _kind(snapshot, place) == "merged"]


def _kind(snapshot: Snapshot, place: tuple[str, str]) -> str | None:
    kind: str | None = snapshot["open"].get(place[0], {}).get(place[1], {}).get("kind")
    return kind


def standing_apart(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return every (entity, field) whose heads disagree: not those of removed entities, nor of the review.

    Two steps of the review that had not seen one another are no testimony; the later one to arrive counts.
    """
    return [
        (entity, field)
        for entity, fields in snapshot["fields"].items()
        if entity != REVIEW
        for field, heads in fields.items()
        if in_conflict(field, heads) and not snapshot["entities"].get(entity, {}).get("removed")
    ]


def bases(op: Op) -> set[str]:
    """Return the ops that an op's author had seen and built on."""
    return {base for edit in op.edits for base in edit.base}


def missing_bases(op: Op, known: Iterable[str]) -> set[str]:
    """Return the ops that must be interpreted before this one."""
    # A set that is given is not copied: this is asked for each op again and again.
    return bases(op).difference(known)


def missing_entities(op: Op, snapshot: Snapshot) -> set[str]:
    """Return the entities that an op writes to and that no op has made yet."""
    made = {edit.entity for edit in op.edits if edit.field == ENTITY and edit.value}
    known = {entity for entity, about in snapshot["entities"].items() if about["list"]}
    return {edit.entity for edit in op.edits} - made - known - {REPORT, REVIEW}


def apply(
    snapshot: Snapshot,
    op: Op,
    received: str | None,
    not_before: str | None = None,
    superseded: Collection[tuple[str, str]] = (),
    words: Origin | None = None,
) -> tuple[Snapshot, bool]:
    """Return the snapshot with an op in it, and whether a field that the op touched is now in conflict.

    The given snapshot stays as it was; what did not change is shared. `received` and `not_before` are the server's
    own times around the op (ISO 8601, UTC): of its receipt, and of the statement that its beacon names. `superseded`
    are fields in which an op that stands had seen this one: it comes late, and is no head there. `words` tells whose
    words it takes in (`origin`).
    """
    fields = dict(snapshot["fields"])
    entities = dict(snapshot["entities"])
    waiting = snapshot["open"]
    for entity in dict.fromkeys(edit.entity for edit in op.edits):
        fields[entity] = dict(fields.get(entity, {}))
    for edit in op.edits:
        own = fields[edit.entity]
        kept = [head for head in own.get(edit.field, []) if head["op"] not in edit.base]
        late = (edit.entity, edit.field) in superseded
        own[edit.field] = kept if late else [*kept, version(op, edit, received, not_before, words)]
        waiting = without(waiting, edit.entity, edit.field)
    for entity in dict.fromkeys(edit.entity for edit in op.edits):
        if entity not in (REPORT, REVIEW):
            entities[entity] = _entity(entities.get(entity), fields[entity])
    after = {**snapshot, "fields": fields, "entities": entities, "open": waiting, "ops": snapshot["ops"] + 1}
    after["state"] = _state(after)
    after["district"] = _district(after)
    return after, any(in_conflict(edit.field, fields[edit.entity][edit.field]) for edit in op.edits)


def version(op: Op, edit: Edit, received: str | None, not_before: str | None, words: Origin | None = None) -> Version:
    """Return an edit as a head: who wrote it, where and when, having seen what; and whose words it takes in."""
    made = {**origin(op, received, not_before), "base": list(edit.base), "value": edit.value}
    return {**made, "words_of": words} if words is not None and edit.entity != REVIEW else made


def origin(op: Op, received: str | None, not_before: str | None) -> Origin:
    """Return who wrote an op, on which device and when, by its clock and between two times of the server."""
    return {
        "op": op.id,
        "actor": op.actor,
        "device": op.device,
        "wall": op.wall,
        "offset": op.utc_offset,
        "received": received,
        "not_before": not_before,
    }


def without(waiting: dict[str, Any], entity: str, field: str) -> dict[str, Any]:
    """Return the open questions without one field's; its heads have changed, so it must be asked anew."""
    if field not in waiting.get(entity, {}):
        return waiting
    left = {name: each for name, each in waiting[entity].items() if name != field}
    others = {name: each for name, each in waiting.items() if name != entity}
    return {**others, entity: left} if left else others


def _entity(known: dict[str, Any] | None, fields: dict[str, list[Version]]) -> dict[str, Any]:
    """Work out an entity's list and whether it stands: an edit that the remover had not seen keeps it, flagged."""
    heads = fields.get(ENTITY, [])
    made = next((head["value"] for head in heads if head["value"]), known or {})
    removals = [head for head in heads if head["value"] is None]
    # What the remover had seen decides whether an edit was concurrent with the removal.
    gone = {op for head in removals for op in [head["op"], *head["base"]]}
    unseen = [head for each in fields.values() for head in each if head["op"] not in gone]
    removed = bool(removals) and not unseen
    return {
        "list": made.get("list"),
        "parent": made.get("parent"),
        "removed": removed,
        "flagged": bool(removals) and not removed,
    }


def _state(snapshot: Snapshot) -> str:
    heads = versions(snapshot, REVIEW, "state")
    return str(heads[-1]["value"]) if heads else "draft"


def _district(snapshot: Snapshot) -> str | None:
    """Return the district that is responsible: of occurrence where one is given and agreed, else the author's."""
    heads = versions(snapshot, REPORT, "district")
    given = {head["value"] for head in heads if isinstance(head["value"], str) and head["value"]}
    home: str | None = snapshot["home"]
    return given.pop() if len(given) == 1 else home
