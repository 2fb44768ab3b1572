"""The merge: a field's heads are the versions that no later op has superseded.

`heads' = (heads - base) + op`. One head is a value; several heads with unequal values are a conflict, which only
an op whose base names them all can end. Clocks play no part. Order plays none either, as long as an op comes
after the ops that its bases name (`missing_bases` tells which have not come yet).
"""

from collections.abc import Iterable
from typing import Any

from sync.op import ENTITY, REPORT, REVIEW, Edit, Op

# A snapshot is JSON: it is stored, served and overlaid by the phone in this very shape (docs/sync.md).
Snapshot = dict[str, Any]
Version = dict[str, Any]


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
    return any(head["value"] != heads[0]["value"] for head in heads[1:])


def conflicts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return every (entity, field) that a person must settle: not those of removed entities, nor of the review.

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
    return bases(op) - set(known)


def missing_entities(op: Op, snapshot: Snapshot) -> set[str]:
    """Return the entities that an op writes to and that no op has made yet."""
    made = {edit.entity for edit in op.edits if edit.field == ENTITY and edit.value}
    known = {entity for entity, about in snapshot["entities"].items() if about["list"]}
    return {edit.entity for edit in op.edits} - made - known - {REPORT, REVIEW}


def apply(snapshot: Snapshot, op: Op, received: str) -> tuple[Snapshot, bool]:
    """Return the snapshot with an op in it, and whether a field that the op touched is now in conflict.

    The given snapshot stays as it was; what did not change is shared. `received` is the server's time of receipt
    (ISO 8601, UTC), shown beside the device's own.
    """
    fields = dict(snapshot["fields"])
    entities = dict(snapshot["entities"])
    for entity in dict.fromkeys(edit.entity for edit in op.edits):
        fields[entity] = dict(fields.get(entity, {}))
    for edit in op.edits:
        own = fields[edit.entity]
        kept = [head for head in own.get(edit.field, []) if head["op"] not in edit.base]
        own[edit.field] = [*kept, _version(op, edit, received)]
    for entity in dict.fromkeys(edit.entity for edit in op.edits):
        if entity not in (REPORT, REVIEW):
            entities[entity] = _entity(entities.get(entity), fields[entity])
    after = {**snapshot, "fields": fields, "entities": entities, "ops": snapshot["ops"] + 1}
    after["state"] = _state(after)
    after["district"] = _district(after)
    return after, any(in_conflict(edit.field, fields[edit.entity][edit.field]) for edit in op.edits)


def _version(op: Op, edit: Edit, received: str) -> Version:
    version = {
        "op": op.id,
        "actor": op.actor,
        "device": op.device,
        "wall": op.wall,
        "offset": op.utc_offset,
        "received": received,
        "value": edit.value,
    }
    if edit.field == ENTITY and edit.value is None:
        # What the remover had seen decides later whether an edit was concurrent with the removal.
        version["saw"] = list(edit.base)
    return version


def _entity(known: dict[str, Any] | None, fields: dict[str, list[Version]]) -> dict[str, Any]:
    """Work out an entity's list and whether it stands: an edit that the remover had not seen keeps it, flagged."""
    heads = fields.get(ENTITY, [])
    made = next((head["value"] for head in heads if head["value"]), known or {})
    removals = [head for head in heads if head["value"] is None]
    gone = {op for head in removals for op in [head["op"], *head["saw"]]}
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
    given = {head["value"] for head in heads if head["value"]}
    home: str | None = snapshot["home"]
    return str(given.pop()) if len(given) == 1 else home
