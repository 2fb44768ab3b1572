"""What a person needs to know of values that stand apart: what each author had seen, and what was not kept.

It is worked out from the ops alone, so every order of arrival explains a conflict in the same words.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sync import text
from sync.forms import FormDefinition, merge_policy
from sync.merge import Origin, Snapshot, Version, in_conflict, same, version, versions
from sync.op import REPORT, REVIEW, Edit, Op


@dataclass(frozen=True, slots=True)
class Stored:
    """An op with the server's own times around it (ISO 8601, UTC), and whose words it takes in (`merge.origin`)."""

    op: Op
    received: str | None
    not_before: str | None
    words: Origin | None = None


# Every op of the report that was judged, by id. A call, because it is needed only where values stand apart.
Past = Callable[[], Mapping[str, Stored]]
# Every version that an op's fields ever had, by entity and field and then by op.
_Written = Callable[[], Mapping[tuple[str, str], Mapping[str, Version]]]


def explain(snapshot: Snapshot, op: Op, form: FormDefinition, past: Past) -> Snapshot:
    """Return the snapshot, in which `op` stands already, with what its fields' conflicts need to be understood."""
    # One walk through the past serves all of an op's fields.
    written = cache(lambda: _written(past(), {(edit.entity, edit.field) for edit in op.edits}))
    for edit in op.edits:
        heads = versions(snapshot, edit.entity, edit.field)
        if edit.entity != REVIEW and in_conflict(edit.field, heads):
            field = _Field(edit.entity, edit.field, heads, _policy(snapshot, edit, form))
            snapshot = _ask(snapshot, field, written)
    if op.kind == "resolve":
        snapshot = _settle(snapshot, op, form, written)
    return snapshot


def _policy(snapshot: Snapshot, edit: Edit, form: FormDefinition) -> str:
    owner = None if edit.entity == REPORT else snapshot["entities"][edit.entity]["list"]
    return merge_policy(form, owner, edit.field)


@dataclass(frozen=True, slots=True)
class _Field:
    entity: str
    name: str
    heads: list[Version]
    policy: str


def _ask(snapshot: Snapshot, field: _Field, written: _Written) -> Snapshot:
    known = written()[field.entity, field.name]
    heads = {head["op"] for head in field.heads}
    seen = {base for head in field.heads for base in head["base"]} - heads
    merged = _merged(field.heads, known) if field.policy == "text" else None
    question = {
        "kind": "conflict" if merged is None else "merged",
        "text": merged,
        "seen": [known[each] for each in sorted(seen) if each in known],
    }
    own = {**snapshot["open"].get(field.entity, {}), field.name: question}
    return {**snapshot, "open": {**snapshot["open"], field.entity: own}}


def _written(
    past: Mapping[str, Stored], places: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Version]]:
    """Return every version of these fields that was ever written, by op."""
    found: dict[tuple[str, str], dict[str, Version]] = {place: {} for place in places}
    for each in past.values():
        for edit in each.op.edits:
            place = (edit.entity, edit.field)
            if place in found:
                found[place][each.op.id] = version(each.op, edit, each.received, each.not_before, each.words)
    return found


def _merged(heads: list[Version], known: Mapping[str, Version]) -> str | None:
    """Return both authors' text put together, or None where a person must choose: see `text.merge`."""
    if len(heads) != 2:
        return None
    common = _common(heads[0], heads[1], known)
    parts = [common and common["value"], *(head["value"] for head in heads)]
    return text.merge(*parts) if all(isinstance(each, str) for each in parts) else None


def _common(one: Version, other: Version, known: Mapping[str, Version]) -> Version | None:
    """Return the latest version that both authors had seen; None where there is none, or more than one."""
    shared = _ancestors([one], known) & _ancestors([other], known)
    older = _ancestors((known[each] for each in shared), known)
    latest = shared - older
    return known[latest.pop()] if len(latest) == 1 else None


def _ancestors(of: Iterable[Version], known: Mapping[str, Version]) -> set[str]:
    found: set[str] = set()
    ahead = [base for each in of for base in each["base"]]
    while ahead:
        each = ahead.pop()
        if each not in found and each in known:
            found.add(each)
            ahead += known[each]["base"]
    return found


def _settle(snapshot: Snapshot, op: Op, form: FormDefinition, written: _Written) -> Snapshot:
    """Note what a resolution did not keep, so that whoever wrote it can be told."""
    notes = [each for edit in op.edits if (each := _settlement(snapshot, op, edit, form, written))]
    if not notes:
        return snapshot
    settled = sorted([*snapshot["settled"], *notes], key=lambda each: (each["op"], each["entity"], each["field"]))
    return {**snapshot, "settled": settled}


def _settlement(
    snapshot: Snapshot, op: Op, edit: Edit, form: FormDefinition, written: _Written
) -> dict[str, Any] | None:
    known = written()[edit.entity, edit.field]
    named = [known[each] for each in sorted(set(edit.base)) if each in known]
    not_kept = [each for each in named if not same(each["value"], edit.value)]
    # Who confirms a merged text has kept both: every sentence of theirs stands in it.
    merged = _merged(named, known) if _policy(snapshot, edit, form) == "text" else None
    if not not_kept or (merged is not None and merged == edit.value):
        return None
    own = known[op.id]
    told = {name: own[name] for name in ("op", "actor", "device", "wall", "offset", "received", "value")}
    return {"entity": edit.entity, "field": edit.field, **told, "reason": op.reason, "not_kept": not_kept}
