"""What a reader gets of a change: all that changed and nothing else, and never onto another copy (P4, P5)."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import merge
from sync.merge import Snapshot
from sync.op import Op
from sync.patch import difference, patched
from tests.unit.sync.builders import OTHER, edit, op, op_id
from tests.unit.sync.notes import fold as explained
from tests.unit.sync.test_explain import histories

FACTS = ("holds", "photos", "quarantined", "flags")


def fold(*ops: Op) -> Snapshot:
    snapshot = merge.empty(ops[0], "010")
    for each in ops:
        snapshot, _ = merge.apply(snapshot, each, "2026-11-23T21:20:00+00:00")
    return snapshot


def copy_of(snapshot: Snapshot, seq: int) -> dict[str, Any]:
    return {"report": snapshot["report"], "seq": seq, "snapshot": snapshot, **{name: [] for name in FACTS}}


def change(before: Snapshot, after: Snapshot, **facts: Any) -> dict[str, Any]:
    patch = {**difference(before, after), "facts": facts}
    return {"report": after["report"], "seq": 8, "since": 7, "patch": patch}


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_a_patched_copy_is_the_copy_that_the_server_has(history: list[Op], data: st.DataObject) -> None:
    """Sent as JSON, and from any earlier state to any later one."""
    known = data.draw(st.integers(1, len(history)))
    before, after = explained(*history[:known]), explained(*history)
    sent = json.loads(json.dumps(change(before, after)))
    assert patched(copy_of(before, 7), sent) == copy_of(after, 8)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_one_change_after_another_ends_where_all_at_once_does(history: list[Op]) -> None:
    found = copy_of(explained(history[0]), 1)
    for count in range(2, len(history) + 1):
        before, after = explained(*history[: count - 1]), explained(*history[:count])
        step = {"seq": count, "since": count - 1, "patch": {**difference(before, after), "facts": {}}}
        found = patched(found, step)
    assert found["snapshot"] == explained(*history)


def test_only_what_changed_is_sent() -> None:
    agent, other = op_id(), op_id()
    made = [op("edit", edit("@entity", {"list": "agents", "parent": None}, entity=each)) for each in (agent, other)]
    place = op("edit", edit("address", "Cermak"), edit("beat", "1012"))
    wrote = op("edit", edit("address", "Cermak & Wood", place))
    before, after = fold(*made, place), fold(*made, place, wrote)
    assert difference(before, after) == {
        "set": {"ops": 4},
        "entities": {},
        "fields": {"report": {"address": after["fields"]["report"]["address"]}},
    }
    removed = op("edit", edit("@entity", None, made[0], entity=agent))
    gone = fold(*made, place, wrote, removed)
    assert difference(after, gone) == {
        "set": {"ops": 5},
        "entities": {agent: gone["entities"][agent]},
        "fields": {agent: {"@entity": gone["fields"][agent]["@entity"]}},
    }


def test_a_change_of_state_and_of_open_questions_is_sent() -> None:
    one, other = op("edit", edit("address", "a")), op("edit", edit("address", "b"), actor=OTHER)
    before, after = explained(one), explained(one, other)
    assert set(difference(before, after)["set"]) == {"ops", "open"}
    submitted = explained(one, other, op("submit", edit("state", "submitted", entity="review")))
    assert difference(after, submitted)["set"] == {"state": "submitted", "ops": 3}


def test_a_member_that_the_copy_never_had_is_sent() -> None:
    """A newer server may know more of a report than the one that sent the copy."""
    before = fold(op("edit", edit("address", "a")))
    assert difference(before, {**before, "later": None, "more": 1})["set"] == {"later": None, "more": 1}


def test_where_nothing_changed_nothing_is_sent() -> None:
    snapshot = fold(op("edit", edit("address", "Cermak")))
    assert difference(snapshot, copy.deepcopy(snapshot)) == {"set": {}, "entities": {}, "fields": {}}


def test_facts_beside_the_snapshot_come_whole_and_others_stay() -> None:
    snapshot = fold(op("edit", edit("address", "Cermak")))
    kept = {**copy_of(snapshot, 7), "photos": [{"sha256": "a"}], "holds": [{"state": "received"}]}
    found = patched(kept, change(snapshot, snapshot, holds=[{"state": "held"}], flags=[{"n": 1}]))
    assert found == {**kept, "seq": 8, "holds": [{"state": "held"}], "flags": [{"n": 1}]}


@pytest.mark.parametrize("seq", [8, 9])
def test_a_change_that_the_copy_has_already_is_passed_over(seq: int) -> None:
    """P5: a page that comes twice has one effect."""
    before, after = fold(op("edit", edit("address", "a"))), fold(op("edit", edit("address", "b")))
    kept = copy_of(before, seq)
    assert patched(kept, change(before, after, holds=["other"])) == kept


@pytest.mark.parametrize("seq", [0, 5, 6])
def test_a_change_never_goes_onto_a_copy_that_misses_one_before(seq: int) -> None:
    """Else the reader would show a state that never was, and not know it."""
    snapshot = fold(op("edit", edit("address", "a")))
    with pytest.raises(ValueError, match=f"follows on 7, not on {seq}"):
        patched(copy_of(snapshot, seq), change(snapshot, snapshot))


def test_neither_copy_nor_change_is_altered() -> None:
    first = op("edit", edit("address", "a"))
    before, after = fold(first), fold(first, op("edit", edit("beat", "1012")))
    kept, sent = copy_of(before, 7), change(before, after, holds=[1])
    known = copy.deepcopy((kept, sent))
    patched(kept, sent)
    passed_over = patched({**kept, "seq": 8}, sent)
    passed_over["seq"] = 0
    assert (kept, sent) == known
