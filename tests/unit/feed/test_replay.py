"""A report is replayed in the order in which it was judged, which the log tells but for what nobody can tell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from server.feed.changes import compact
from server.feed.store import WAITING
from server.feed.verify.replay import Step, arranged, replayed
from server.feed.verify.told import Told
from sync import forms, merge
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Op
from tests.unit.sync.builders import edit, op

FIELDS = ("address", "event_number", "narrative")
FORM = forms.load("incident", 1)


@dataclass
class Log:
    """A model of what the server does with the deliveries that one transaction takes in, and of what it tells."""

    entries: int = 0
    snapshot: Snapshot = field(default_factory=lambda: merge.empty(op("edit", edit("address", 0)), "010"))
    past: dict[str, Stored] = field(default_factory=dict)
    waiting: list[Op] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)

    def take_in(self, deliveries: Sequence[Sequence[Op]]) -> None:
        """Judge what is new and then what waited, always the first that can be; tell of it delivery by delivery."""
        queue = [*(each for delivery in deliveries for each in delivery), *self.waiting]
        fresh = {each.id: place for place, delivery in enumerate(deliveries) for each in delivery}
        statements: list[list[tuple[Op, bool]]] = [[] for _ in deliveries]
        while ready := next((each for each in queue if not merge.missing_bases(each, self.past)), None):
            queue.remove(ready)
            self._apply(ready)
            statements[fresh.get(ready.id, 0)].append((ready, True))
        for each in queue:
            if each.id in fresh:
                statements[fresh[each.id]].append((each, False))
        self.waiting = queue
        turn = self.entries + 1
        for statement in statements:
            self.entries += 1
            for place, (each, stands) in enumerate(statement):
                self._tell(each, stands, place, turn)

    def _apply(self, ready: Op) -> None:
        self.past[ready.id] = Stored(ready, "then", None)
        after, _ = merge.apply(self.snapshot, ready, "then")
        self.snapshot = explain(after, ready, FORM, lambda: self.past)

    def _tell(self, each: Op, stands: bool, place: int, turn: int) -> None:
        first = self.told.get(each.id)
        verdict, reason = ("applied", None) if stands else ("quarantined", WAITING)
        began = (first.entry, first.place, first.turn) if first else (self.entries, place, turn)
        known = turn if stands else None
        self.told[each.id] = Told(
            each.id, each.id, *began, "then", known, self.entries, place, turn, turn, verdict, reason
        )

    def steps(self) -> list[Step]:
        every = {**self.past, **{each.id: Stored(each, "then", None) for each in self.waiting}}
        return sorted(
            (Step(stored, self.told[id]) for id, stored in every.items()),
            key=lambda step: (step.told.entry, step.told.place),
        )


def drawn(chance: Random) -> list[Op]:
    """Make ops that build on one another, field by field."""
    ops: list[Op] = []
    for _ in range(chance.randint(1, 9)):
        name = chance.choice(FIELDS)
        known = [each for each in ops if each.edits[0].field == name]
        seen = chance.sample(known, min(len(known), chance.randint(0, 2)))
        ops.append(op("edit", edit(name, f"value {len(ops)}", *seen)))
    return ops


@given(some.randoms(use_true_random=False))
@settings(max_examples=300)
def test_any_deliveries_in_any_order_are_replayed_to_the_very_bytes(chance: Random) -> None:
    """Deliveries share transactions, and ops wait for one another across both: the log still tells the order."""
    arriving = drawn(chance)
    chance.shuffle(arriving)
    log = Log()
    begun = log.snapshot
    while arriving:
        deliveries = []
        for _ in range(chance.randint(1, 3)):
            size = chance.randint(1, 4)
            deliveries.append(arriving[:size])
            arriving = arriving[size:]
        log.take_in(deliveries)
    assert compact(replayed(begun, log.steps())) == compact(log.snapshot)


def test_names_and_heads_take_the_order_of_the_other_and_nothing_else() -> None:
    one, two = (
        op("edit", edit("address", "a")),
        op("edit", edit("address", "b"), edit("event_number", {"x": 1, "y": 2})),
    )
    snapshots = []
    for order in ((one, two), (two, one)):
        snapshot = merge.empty(one, "010")
        for each in order:
            snapshot, _ = merge.apply(snapshot, each, "then")
        snapshots.append(snapshot)
    here, there = snapshots
    assert compact(here) != compact(there)
    assert compact(arranged(here, there)) == compact(there)
    other: Any = json.loads(json.dumps(there))
    other["fields"]["report"]["address"][0]["value"] = "c"
    assert arranged(here, other) == arranged(here, there)
    assert compact(arranged(here, other)) != compact(other)


def test_the_order_of_the_reviews_own_heads_is_never_borrowed() -> None:
    """There the last head counts: whoever exchanges them changes the report's state."""
    one, two = (op("submit", edit("state", value, entity="review")) for value in ("returned", "submitted"))
    snapshot = merge.empty(one, "010")
    for each in (one, two):
        snapshot, _ = merge.apply(snapshot, each, "then")
    exchanged: Any = json.loads(json.dumps(snapshot))
    exchanged["fields"]["review"]["state"].reverse()
    assert arranged(snapshot, exchanged) == snapshot


def test_what_is_no_snapshot_lends_no_order() -> None:
    snapshot, _ = merge.apply(merge.empty(op("edit"), "010"), op("edit", edit("address", "a")), "then")
    for other in (None, [], {"fields": []}, {"fields": {"report": {"address": [7]}}}, {"fields": {"report": None}}):
        assert arranged(snapshot, other) == snapshot
