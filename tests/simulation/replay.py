"""A report worked out anew from its standing ops, in another order than they came: the result must be the same."""

import random
from collections.abc import Callable
from typing import Any

from server.feed.signing import read
from sync import forms, merge
from sync.explain import Stored as Known
from sync.explain import explain
from sync.merge import Snapshot
from sync.op import ENTITY, REPORT, REVIEW, Op
from tests.simulation.database import Stored
from tests.simulation.ledger import holds


def check(stored: Stored, report: str, chance: random.Random) -> None:
    """Fold a report's ops in some other legal order and compare. Raises Broken."""
    copy = stored.copies[report]
    rows = {row.id: row for row in stored.of(report) if row.stands}
    ops = {op.id: op for row in rows.values() if (op := read(row.jws).op)}
    if not ops:
        return
    times = _times(copy["snapshot"])
    past: dict[str, Known] = {}
    snapshot = _beginning(copy["snapshot"], next(iter(ops.values())))
    for op in _ordered(ops, stored, chance):
        received, not_before = times.get(op.id, (None, None))
        past[op.id] = Known(op, received, not_before)
        snapshot, _ = merge.apply(snapshot, op, received, not_before)
        snapshot = explain(snapshot, op, forms.load(op.form_id, op.form_version), past.copy)
    for part, shape in _PARTS.items():
        one, other = shape(copy["snapshot"]), shape(snapshot)
        holds("order", one == other, f"{report}: {part} depends on the order: {one} / {other}")


def _beginning(snapshot: Snapshot, op: Op) -> Snapshot:
    begun = merge.empty(op, snapshot["home"])
    return {**begun, "author": snapshot["author"], "form": snapshot["form"]}


def _times(snapshot: Snapshot) -> dict[str, tuple[Any, Any]]:
    heads = [head for fields in snapshot["fields"].values() for each in fields.values() for head in each]
    return {head["op"]: (head["received"], head["not_before"]) for head in heads}


def _ordered(ops: dict[str, Op], stored: Stored, chance: random.Random) -> list[Op]:
    """Put ops into an order that respects bases and the making of entities, and nothing else."""
    left, order = dict(ops), []
    # A base that is kept aside counts as known: nobody waits for it.
    done, made = {each for each in stored.by_id if each not in ops}, {REPORT, REVIEW}
    while left:
        ready = [
            op
            for op in left.values()
            if not merge.missing_bases(op, done) and {edit.entity for edit in op.edits} <= made | _makes(op)
        ]
        chosen = chance.choice(sorted(ready, key=lambda op: op.id))
        order.append(left.pop(chosen.id))
        done.add(chosen.id)
        made |= _makes(chosen)
    return order


def _makes(op: Op) -> set[str]:
    return {edit.entity for edit in op.edits if edit.field == ENTITY and edit.value}


def _heads(snapshot: Snapshot) -> Any:
    return {
        f"{entity}.{name}": sorted(head["op"] for head in heads)
        for entity, fields in snapshot["fields"].items()
        for name, heads in fields.items()
    }


def _open(snapshot: Snapshot) -> Any:
    """Return the questions; their texts and what the authors had seen, by op."""
    return {
        f"{entity}.{name}": (each["kind"], each["text"], [version["op"] for version in each["seen"]])
        for entity, fields in snapshot["open"].items()
        for name, each in fields.items()
    }


def _settled(snapshot: Snapshot) -> Any:
    return [
        (each["op"], each["entity"], each["field"], sorted(version["op"] for version in each["not_kept"]))
        for each in snapshot["settled"]
    ]


# The review's own state knows the order of arrival, so it is left out.
_PARTS: dict[str, Callable[[Snapshot], Any]] = {
    "heads": _heads,
    "open": _open,
    "settled": _settled,
    "entities": lambda snapshot: snapshot["entities"],
    "district": lambda snapshot: snapshot["district"],
    "ops": lambda snapshot: snapshot["ops"],
}
