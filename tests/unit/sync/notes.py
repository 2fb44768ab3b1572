"""Notes of several authors, applied and explained as the server does it."""

from typing import Any

from sync import forms, merge
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Op
from tests.unit.sync.builders import SINCE, edit, op, op_id, received

FORM = forms.load("incident", 1)
NOTE = op_id()
FIRST = "Two vans stood there. Nobody got out. A dog barked."
SOUTH = "Three vans stood there. Nobody got out. A dog barked."
LOUD = "Two vans stood there. Nobody got out. A dog howled."
BOTH = "Three vans stood there. Nobody got out. A dog howled."


def fold(*ops: Op) -> Snapshot:
    """Apply and explain, as the server does; `received` comes of the op, so that every order gives the same times."""
    snapshot = merge.empty(ops[0], "010")
    past: dict[str, Stored] = {}
    for each in ops:
        past[each.id] = Stored(each, received(each), SINCE)
        snapshot, _ = merge.apply(snapshot, each, received(each), SINCE)
        snapshot = explain(snapshot, each, FORM, lambda: past)
    return snapshot


def made() -> Op:
    return op("edit", edit("@entity", {"list": "notes", "parent": None}, entity=NOTE))


def wrote(text: Any, *base: Op, **more: Any) -> Op:
    return op("edit", edit("text", text, *base, entity=NOTE), **more)


def settle(text: str, *base: Op, **more: Any) -> Op:
    return op("resolve", edit("text", text, *base, entity=NOTE), reason="asked both", **more)
