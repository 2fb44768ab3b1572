"""What each kind of op may do in which state of a report. A refusal is a reason code; the op itself is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sync import merge
from sync.forms import FormDefinition, check_value, field, missing
from sync.merge import Snapshot
from sync.op import ENTITY, REPORT, REVIEW, Edit, Op, late

OPEN_STATES = ("draft", "submitted", "returned")
REVIEW_FIELDS: Mapping[str, frozenset[str]] = {
    "submit": frozenset({"state"}),
    "return": frozenset({"state", "reasons", "note"}),
    "approve": frozenset({"state", "seen", "note"}),
}
RESULT = {"submit": "submitted", "return": "returned", "approve": "approved"}
# Kinds whose words a desk may take in late; steps of the review are taken anew instead.
ADMISSIBLE = ("edit", "hold")


@dataclass(frozen=True, slots=True)
class Aside:
    """An op that is kept but not applied; `op` is None where it could not be read."""

    op: Op | None


# Finds an op of this report that is kept aside, by its id or the SHA-256 of its string.
KeptAside = Callable[[str], Aside | None]


def judge(op: Op, snapshot: Snapshot, form: FormDefinition, kept: KeptAside) -> str | None:
    """Return why an op cannot be applied to this snapshot now, or None. Never raises for what a client sent."""
    if op.kind in _LATE_RULES:
        return _late(op, snapshot, form, kept)
    return _bad_values(op, snapshot, form) or _RULES[op.kind](op, snapshot, form)


def _bad_values(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    """Check the values of fields that the form knows; fields it does not know are kept as they are."""
    if any(_is_bad_entity(edit, snapshot) for edit in op.edits if edit.field == ENTITY):
        return "bad_value"
    made = _made(op)
    for edit in op.edits:
        if edit.field == ENTITY or edit.entity == REVIEW:
            continue
        owner = made.get(edit.entity) or snapshot["entities"].get(edit.entity, {}).get("list")
        if edit.entity != REPORT and owner is None:
            return "unknown_entity"
        definition = field(form, REPORT if edit.entity == REPORT else owner, edit.field.partition("/")[0])
        if definition is not None and check_value(definition, _member_value(edit)) is not None:
            return "bad_value"
    return None


def _member_value(edit: Edit) -> Any:
    """Return the value as its field's definition sees it: a checklist member stands for a list of one."""
    if not merge.is_set_member(edit.field):
        return edit.value
    return [edit.field.partition("/")[2]] if isinstance(edit.value, bool) else edit.value


def _made(op: Op) -> dict[str, str]:
    """Return the list of each entity that an op makes."""
    return {edit.entity: edit.value["list"] for edit in op.edits if edit.field == ENTITY and edit.value}


def _is_bad_entity(edit: Edit, snapshot: Snapshot) -> bool:
    """Tell whether an edit makes what is none: the report and its review are in no list, whatever an op says."""
    return edit.entity in (REPORT, REVIEW) or not _is_entity_value(edit.value) or _moves(edit, snapshot)


def _is_entity_value(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, dict) and isinstance(value.get("list"), str) and isinstance(value.get("parent"), str | None)
    )


def _moves(edit: Edit, snapshot: Snapshot) -> bool:
    """Tell whether an edit would put a known entity into another list, where other rules guard its fields."""
    known = snapshot["entities"].get(edit.entity)
    if edit.value is None or known is None or known["list"] is None:
        return False
    return (edit.value["list"], edit.value.get("parent")) != (known["list"], known["parent"])


def _lists(op: Op, snapshot: Snapshot) -> set[str | None]:
    """Return the entity lists that an op writes to; None stands for the report's own fields."""
    made = _made(op)
    return {made.get(edit.entity) or snapshot["entities"].get(edit.entity, {}).get("list") for edit in op.edits}


def _edit(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    if any(edit.entity == REVIEW for edit in op.edits) or "supplements" in _lists(op, snapshot):
        return "wrong_kind"
    if snapshot["state"] not in OPEN_STATES:
        return "report_locked"
    if any(_is_once(edit, snapshot, form) for edit in op.edits):
        return "written_once"
    return "conflict_needs_reason" if any(_settles(edit, snapshot) for edit in op.edits) else None


def _settles(edit: Edit, snapshot: Snapshot) -> bool:
    """Tell whether an edit would end a conflict: only a resolution may, because only that says why."""
    heads = merge.versions(snapshot, edit.entity, edit.field)
    seen = [head for head in heads if head["op"] in edit.base]
    return merge.in_conflict(edit.field, seen)


def _is_once(edit: Edit, snapshot: Snapshot, form: FormDefinition) -> bool:
    """Tell whether an edit would change a field that is written once (a photo's hash, an attempt's removal)."""
    heads = merge.versions(snapshot, edit.entity, edit.field)
    owner = snapshot["entities"].get(edit.entity, {}).get("list")
    if edit.field == ENTITY:
        return edit.value is None and owner in form.append_only
    definition = field(form, REPORT if edit.entity == REPORT else owner, edit.field)
    once = definition is not None and definition.merge == "once"
    return once and not all(merge.same(head["value"], edit.value) for head in heads)


def _hold(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    removes = any(edit.field == ENTITY and edit.value is None for edit in op.edits)
    if removes or _lists(op, snapshot) != {"footage"}:
        return "wrong_kind"
    if snapshot["state"] not in OPEN_STATES and not _all_new(op, snapshot):
        return "report_locked"
    return "conflict_needs_reason" if any(_settles(edit, snapshot) for edit in op.edits) else None


def _submit(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    if snapshot["state"] not in OPEN_STATES:
        return "report_locked"
    return _review(op) or ("incomplete" if missing(form, snapshot) else None)


def _return(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    if snapshot["state"] != "submitted":
        return "stale_view"
    reasons = next((edit.value for edit in op.edits if edit.field == "reasons"), None)
    return _review(op) or (None if _are_reasons(reasons) else "reason_missing")


def _approve(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    seen = next((edit.value for edit in op.edits if edit.field == "seen"), None)
    if snapshot["state"] != "submitted" or seen != snapshot["ops"]:
        return "stale_view"
    reason = _review(op) or ("open_conflict" if merge.conflicts(snapshot) else None)
    return reason or ("unconfirmed_merge" if merge.unconfirmed(snapshot) else None)


def _review(op: Op) -> str | None:
    """Check the shape that submit, return and approve share: they write their own fields of the review, no other."""
    if any(edit.entity != REVIEW or edit.field not in REVIEW_FIELDS[op.kind] for edit in op.edits):
        return "wrong_kind"
    states = [edit.value for edit in op.edits if edit.field == "state"]
    return None if states == [RESULT[op.kind]] else "bad_value"


def _are_reasons(found: Any) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(
            isinstance(each, dict)
            and all(isinstance(each.get(part), str) for part in ("entity", "field", "text"))
            and each["text"].strip()
            for each in found
        )
    )


def _supplement(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    if snapshot["state"] != "approved":
        return "not_approved"
    return None if _lists(op, snapshot) == {"supplements"} and _all_new(op, snapshot) else "wrong_kind"


def _all_new(op: Op, snapshot: Snapshot) -> bool:
    return not any(edit.base or edit.entity in snapshot["entities"] for edit in op.edits)


def _resolve(op: Op, snapshot: Snapshot, form: FormDefinition) -> str | None:
    if not (op.reason or "").strip():
        return "reason_missing"
    if snapshot["state"] not in OPEN_STATES:
        return "report_locked"
    if any(edit.entity == REVIEW or edit.field == ENTITY for edit in op.edits):
        return "wrong_kind"
    if any(_is_once(edit, snapshot, form) for edit in op.edits):
        return "written_once"
    return None if all(_met_conflict(edit, snapshot) for edit in op.edits) else "no_conflict"


def _met_conflict(edit: Edit, snapshot: Snapshot) -> bool:
    """Tell whether a resolution is one: it names several versions, and takes nothing out of view that stands alone.

    Where the field was settled meanwhile, none of what it names still stands; it then stands beside, as a conflict.
    """
    heads = merge.versions(snapshot, edit.entity, edit.field)
    untouched = not any(head["op"] in edit.base for head in heads)
    return len(set(edit.base)) > 1 and (untouched or merge.in_conflict(edit.field, heads))


def _late(op: Op, snapshot: Snapshot, form: FormDefinition, kept: KeptAside) -> str | None:
    """Judge what somebody makes of an op that is kept aside: they say why, and name it in the review's own field."""
    named = late(op)
    marks = [edit for edit in op.edits if edit.entity == REVIEW]
    rule = _LATE_RULES[op.kind].get(str(marks[0].value)) if len(marks) == 1 else None
    if named is None or rule is None:
        return "wrong_kind"
    if not (op.reason or "").strip():
        return "reason_missing"
    aside = kept(named)
    if aside is None:
        return "not_kept_aside"
    words = replace(op, edits=tuple(edit for edit in op.edits if edit.entity != REVIEW))
    return rule(words, snapshot, form, aside)


def _dismiss(words: Op, snapshot: Snapshot, form: FormDefinition, aside: Aside) -> str | None:
    return "wrong_kind" if words.edits else None


def _correction(words: Op, snapshot: Snapshot, form: FormDefinition, aside: Aside) -> str | None:
    """Take the late words in as if they had come in time, unchanged: they stay those of their author."""
    if aside.op is None or aside.op.kind not in ADMISSIBLE:
        return "wrong_kind"
    if not _is_verbatim(words, aside.op):
        return "not_verbatim"
    return _bad_values(words, snapshot, form) or _edit(words, snapshot, form)


def _is_verbatim(words: Op, late_op: Op) -> bool:
    """Tell whether the same edits stand in the same order, with values that JSON calls equal."""
    if len(words.edits) != len(late_op.edits):
        return False
    return all(
        replace(mine, value=None) == replace(theirs, value=None) and merge.same(mine.value, theirs.value)
        for mine, theirs in zip(words.edits, late_op.edits, strict=True)
    )


def _as_supplement(words: Op, snapshot: Snapshot, form: FormDefinition, aside: Aside) -> str | None:
    return _bad_values(words, snapshot, form) or _supplement(words, snapshot, form)


_LateRule = Callable[[Op, Snapshot, FormDefinition, Aside], str | None]
_LATE_RULES: dict[str, dict[str, _LateRule]] = {
    "dismiss": {"dismissed": _dismiss},
    "admit": {"correction": _correction, "supplement": _as_supplement},
}

_RULES: dict[str, Callable[[Op, Snapshot, FormDefinition], str | None]] = {
    "edit": _edit,
    "hold": _hold,
    "submit": _submit,
    "return": _return,
    "approve": _approve,
    "supplement": _supplement,
    "resolve": _resolve,
}
