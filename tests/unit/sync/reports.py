"""Snapshots of a report for tests of the rules, and what the rules say of an op on them."""

from collections.abc import Mapping
from typing import Any

from sync import forms, merge, rules
from sync.merge import Snapshot
from sync.op import Edit, Op
from sync.rules import Aside
from sync.verdicts import REASONS
from tests.unit.sync.builders import edit, op, op_id

FORM = forms.load("incident", 1)
AGENT, ATTEMPT, NOTE, PHOTO, FOOTAGE, ADDED = (op_id() for _ in range(6))
STATES = ("draft", "submitted", "returned", "approved")
_OWN_LISTS = {AGENT: "agents", ATTEMPT: "attempts", NOTE: "notes", PHOTO: "photos", FOOTAGE: "footage"}


def listed(entity: str, of: str, parent: str | None = None) -> Edit:
    """Return the edit that makes an entity."""
    return edit("@entity", {"list": of, "parent": parent}, entity=entity)


FIRST = op(
    "edit",
    edit("occurred_from", "2026-11-23T21:10:00-06:00"),
    edit("address", "W 26th St"),
    edit("narrative", "Two agents stood at the corner."),
    *(listed(entity, of, AGENT if of == "attempts" else None) for entity, of in _OWN_LISTS.items()),
    edit("agency", "unknown", entity=AGENT),
    edit("rung", "name", entity=ATTEMPT),
    edit("sha256", "ab" * 32, entity=PHOTO),
    edit("why", "Agents used force.", entity=FOOTAGE),
)


def review(kind: str, state: str, *more: Edit) -> Op:
    return op(kind, edit("state", state, entity="review"), *more)


def asked_back(text: str = "Which corner?") -> Edit:
    return edit("reasons", [{"entity": "report", "field": "address", "text": text}], entity="review")


def seen(ops: int) -> Edit:
    return edit("seen", ops, entity="review")


def fold(*ops: Op) -> Snapshot:
    snapshot = merge.empty(ops[0], "010")
    for each in ops:
        snapshot, _ = merge.apply(snapshot, each, None)
    return snapshot


def report(state: str, *ops: Op) -> Snapshot:
    """Return a report that can be submitted, with further ops in it, in a state."""
    steps = {
        "draft": [],
        "submitted": [review("submit", "submitted")],
        "returned": [review("submit", "submitted"), review("return", "returned", asked_back())],
        "approved": [review("submit", "submitted"), review("approve", "approved")],
    }
    return fold(FIRST, *ops, *steps[state])


def disputed(field: str = "address", entity: str = "report") -> tuple[Op, Op]:
    """Return two edits of a field whose authors had not seen one another."""
    one, other = ("Seen at the corner.", "Seen at the school.")
    return op("edit", edit(field, one, FIRST, entity=entity)), op("edit", edit(field, other, FIRST, entity=entity))


def judge(found: Op, snapshot: Snapshot, kept: Mapping[str, Op | None] | None = None) -> str | None:
    """Return what the rules say; `kept` holds what is kept aside, by id or hash.

    Whatever they say must be documented: a phone shows a refusal by its code.
    """
    aside = kept or {}
    reason = rules.judge(found, snapshot, FORM, lambda key: Aside(aside[key]) if key in aside else None)
    assert reason is None or reason in REASONS
    return reason


def marked(key: str, value: Any) -> Edit:
    """Return the edit by which somebody says what becomes of an op that is kept aside."""
    return edit(f"late/{key}", value, entity="review")
