"""A report is replayed in the order in which it was judged, which the log tells but for what nobody can tell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from server.feed.changes import compact
from server.feed.store import WAITING
from server.feed.verify import reports
from server.feed.verify.replay import Step, beginning, replayed
from server.feed.verify.reports import arranged
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
    begun: Op | None = None
    snapshot: Snapshot = field(default_factory=dict)
    past: dict[str, Stored] = field(default_factory=dict)
    waiting: list[Op] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)

    def take_in(self, deliveries: Sequence[Sequence[Op]]) -> None:
        """Judge what is new and then what waited, always the first that can be; tell of it delivery by delivery."""
        queue = [*(each for delivery in deliveries for each in delivery), *self.waiting]
        fresh = {each.id: place for place, delivery in enumerate(deliveries) for each in delivery}
        statements: list[list[tuple[Op, str | None]]] = [[] for _ in deliveries]
        queue.sort(key=lambda each: not each.begins)
        for each in queue:
            self._admit(each)
        while ready := next((each for each in queue if self._is_ready(each)), None):
            queue.remove(ready)
            self._apply(ready)
            statements[fresh.get(ready.id, 0)].append((ready, None))
        for each in queue:
            if each.id in fresh:
                statements[fresh[each.id]].append((each, WAITING))
        self.waiting = queue
        turn = self.entries + 1
        for statement in statements:
            self.entries += 1
            for place, (each, reason) in enumerate(statement):
                self._tell(each, reason, place, turn)

    def _admit(self, each: Op) -> None:
        """Begin the report, or give it over to the author whose own begin comes only now."""
        if self.begun is None:
            self.begun = each
            self.snapshot = merge.empty(each, "010") | ({"provisional": True} if each.begins is False else {})
        elif each.begins and each.id not in self.told and self.snapshot.get("provisional"):
            self.snapshot = {**self.snapshot, "author": each.actor, "provisional": False}

    def _is_ready(self, each: Op) -> bool:
        return not merge.missing_bases(each, self.past)

    def _apply(self, ready: Op) -> None:
        self.past[ready.id] = Stored(ready, "then", None)
        after, _ = merge.apply(self.snapshot, ready, "then")
        self.snapshot = explain(after, ready, FORM, lambda: self.past)

    def _tell(self, each: Op, reason: str | None, place: int, turn: int) -> None:
        first = self.told.get(each.id)
        verdict = "quarantined" if reason else "applied"
        began = (first.entry, first.place, first.turn) if first else (self.entries, place, turn)
        known = None if reason else turn
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
        one = op("edit", edit(name, f"value {len(ops)}", *seen))
        ops.append(replace(one, begins=chance.choice((None, False)), actor=f"author {len(ops)}"))
    # A report begins once, and with words that build on none.
    ops[0] = replace(ops[0], begins=chance.choice((None, True, False)))
    return ops


@given(some.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_deliveries_in_any_order_are_replayed_to_the_very_bytes(chance: Random) -> None:
    """Deliveries share transactions, and ops wait for one another across both: the log still tells the order."""
    arriving = drawn(chance)
    chance.shuffle(arriving)
    log = Log()
    while arriving:
        deliveries = []
        for _ in range(chance.randint(1, 3)):
            size = chance.randint(1, 4)
            deliveries.append(arriving[:size])
            arriving = arriving[size:]
        log.take_in(deliveries)
    found = replayed(beginning(log.steps(), log.snapshot), "010", log.steps())
    assert compact(found) == compact(log.snapshot)


def test_an_op_that_a_mended_rule_lifts_is_no_head_where_one_that_stands_had_seen_it() -> None:
    """It comes late: its author's next words were written in its place, and stand already."""
    log = Log()
    failed = op("edit", edit("address", "failed"), edit("event_number", "1"))
    built = op("edit", edit("address", "built on it", failed))
    log.take_in([[op("edit", edit("narrative", "first"))]])
    for each, last, previous in ((failed, 3, "rule_failed"), (built, 2, None)):
        log.past[each.id] = Stored(each, "then", None)
        told = Told(each.id, each.id, 2, 0, 2, "then", 2, last, 0, last, last, "applied", None, previous)
        log.told[each.id] = told
    fields = replayed(beginning(log.steps(), None), "010", log.steps())["fields"]["report"]
    assert [head["value"] for head in fields["address"]] == ["built on it"]
    assert [head["value"] for head in fields["event_number"]] == ["1"]


def test_a_report_was_begun_by_the_op_that_its_snapshot_names_or_else_by_the_first_that_could() -> None:
    log = Log()
    ops = [replace(op("edit", edit("address", name)), actor=name) for name in ("one", "two", "late")]
    review = replace(op("submit", edit("state", "submitted", entity="review")), actor="desk")
    log.take_in([[review, *ops[:2]]])
    log.take_in([ops[2:]])
    form = {"id": "incident", "version": 1}
    for named, begun in (("one", "one"), ("two", "two"), ("late", "one"), ("desk", "one"), ("nobody", "one")):
        assert beginning(log.steps(), {"author": named, "form": form}).op.actor == begun
    for stored in (None, [], {"author": "two", "form": {"id": "incident", "version": 2}}):
        assert beginning(log.steps(), stored).op.actor == "one"


def test_a_report_that_went_over_to_its_author_was_begun_by_another_ones_words() -> None:
    log = Log()
    others, own = (
        replace(op("edit", edit(name, name)), actor=name, begins=begins)
        for name, begins in (("address", False), ("narrative", True))
    )
    log.take_in([[others]])
    log.take_in([[own]])
    assert log.snapshot["author"] == own.actor
    begun = beginning(log.steps(), log.snapshot)
    assert begun.op == others
    assert compact(replayed(begun, "010", log.steps())) == compact(log.snapshot)


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


def test_whichever_byte_was_changed_is_the_first_that_differs() -> None:
    """Also one of a name or of an op's id, by which names and heads are put into order."""
    ops = [op("edit", *(edit(name, word) for name in ("address", "district", "beat", "rd_number"))) for word in "ab"]
    snapshot = merge.empty(ops[0], "010")
    for each in ops:
        snapshot, _ = merge.apply(snapshot, each, "then")
    expected = compact(snapshot)
    for at in range(len(expected)):
        for letter in b'abdeprs_"0':
            found = expected[:at] + bytes([letter]) + expected[at + 1 :]
            if found != expected:
                tried = [expected, compact(arranged(snapshot, reports._parsed(found)))]
                assert reports._misfit("r", found, tried).offset == at, (expected[at - 20 : at + 5], chr(letter))
