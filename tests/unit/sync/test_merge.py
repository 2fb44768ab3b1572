"""The merge rules of docs/sync.md: heads, bases, conflicts, checklists, entities."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import merge
from sync.merge import Snapshot
from sync.op import Op
from tests.unit.sync.builders import edit, op, op_id


def fold(*ops: Op) -> Snapshot:
    snapshot = merge.empty(ops[0], "010")
    for each in ops:
        snapshot, _ = merge.apply(snapshot, each, "2026-11-23T21:20:00+00:00")
    return snapshot


def values(snapshot: Snapshot, field: str, entity: str = "report") -> list[Any]:
    return [head["value"] for head in merge.versions(snapshot, entity, field)]


def test_an_op_supersedes_exactly_the_heads_its_author_had_seen() -> None:
    first = op("edit", edit("address", "W 26th St"))
    second = op("edit", edit("address", "W 26th St & Pulaski", first))
    assert values(fold(first, second), "address") == ["W 26th St & Pulaski"]


def test_two_devices_that_write_different_fields_both_stand() -> None:
    snapshot = fold(op("edit", edit("address", "Cermak")), op("edit", edit("narrative", "Seen.")))
    assert values(snapshot, "address") == ["Cermak"]
    assert values(snapshot, "narrative") == ["Seen."]
    assert merge.conflicts(snapshot) == []


def test_two_devices_that_write_one_field_conflict_and_both_values_stay_in_view() -> None:
    """P2: no word lost."""
    snapshot = fold(op("edit", edit("address", "south")), op("edit", edit("address", "east")))
    assert values(snapshot, "address") == ["south", "east"]
    assert merge.conflicts(snapshot) == [("report", "address")]


def test_equal_values_written_apart_are_no_conflict() -> None:
    snapshot = fold(op("edit", edit("address", "same")), op("edit", edit("address", "same")))
    assert merge.conflicts(snapshot) == []


def test_a_resolution_that_names_all_heads_ends_the_conflict() -> None:
    one, two = op("edit", edit("address", "south")), op("edit", edit("address", "east"))
    resolution = op("resolve", edit("address", "south-east corner", one, two), reason="asked both")
    assert values(fold(one, two, resolution), "address") == ["south-east corner"]


def test_a_third_edit_that_the_resolution_had_not_seen_conflicts_again() -> None:
    one, two, three = (op("edit", edit("address", where)) for where in ("south", "east", "north"))
    resolution = op("resolve", edit("address", "south", one, two), reason="asked")
    snapshot = fold(one, two, resolution, three)
    assert values(snapshot, "address") == ["south", "north"]
    assert merge.conflicts(snapshot) == [("report", "address")]


def test_in_a_checklist_adding_wins_and_nothing_conflicts() -> None:
    tick = op("edit", edit("observed/mask", True))
    off = op("edit", edit("observed/mask", False, tick))
    again = op("edit", edit("observed/mask", True, tick))
    snapshot = fold(tick, off, again)
    assert True in values(snapshot, "observed/mask")
    assert merge.conflicts(snapshot) == []


def test_an_edit_concurrent_with_a_removal_keeps_the_entity_and_flags_it() -> None:
    agent = op_id()
    made = op("edit", edit("@entity", {"list": "agents", "parent": None}, entity=agent))
    removed = op("edit", edit("@entity", None, made, entity=agent))
    wrote = op("edit", edit("agency", "ice_ero", entity=agent))
    for order in ((made, removed, wrote), (made, wrote, removed)):
        known = fold(*order)["entities"][agent]
        assert (known["removed"], known["flagged"], known["list"]) == (False, True, "agents")


def test_a_removal_that_saw_everything_removes() -> None:
    agent = op_id()
    made = op(
        "edit",
        edit("@entity", {"list": "agents", "parent": None}, entity=agent),
        edit("agency", "ice_ero", entity=agent),
    )
    assert fold(made, op("edit", edit("@entity", None, made, entity=agent)))["entities"][agent]["removed"]


def test_the_district_of_occurrence_takes_over_from_the_authors_own() -> None:
    begun = op("edit", edit("address", "Cermak"))
    assert fold(begun)["district"] == "010"
    assert fold(begun, op("edit", edit("district", "012")))["district"] == "012"


@st.composite
def histories(draw: st.DrawFn) -> list[Op]:
    """Ops of several authors on two fields, each built on some of the ops that came before it."""
    made: list[Op] = []
    for number in range(draw(st.integers(1, 12))):
        field = draw(st.sampled_from(["address", "narrative", "observed/mask"]))
        earlier = [each for each in made if each.edits[0].field == field]
        base = draw(st.lists(st.sampled_from(earlier), unique_by=id, max_size=3)) if earlier else []
        value = draw(st.booleans()) if "/" in field else f"text {draw(st.integers(0, 3))} {number % 2}"
        made.append(op("edit", edit(field, value, *base)))
    return made


@settings(max_examples=200, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_every_order_that_respects_the_bases_ends_in_the_same_heads(history: list[Op], chance: Any) -> None:
    expected = _heads(fold(*history))
    left, order, known = list(history), [], set()
    while left:
        ready = [each for each in left if not merge.missing_bases(each, known)]
        chosen = chance.choice(ready)
        left.remove(chosen)
        order.append(chosen)
        known.add(chosen.id)
    assert _heads(fold(*order)) == expected


@settings(max_examples=200, deadline=None)
@given(histories())
def test_no_value_leaves_view_but_by_an_op_whose_author_had_seen_it(history: list[Op]) -> None:
    """P2, against a model that only knows which ops name which."""
    superseded = {base for each in history for base in merge.bases(each)}
    shown = {head["op"] for fields in fold(*history)["fields"].values() for heads in fields.values() for head in heads}
    assert shown == {each.id for each in history} - superseded


@settings(max_examples=100, deadline=None)
@given(histories())
def test_applying_never_changes_the_snapshot_that_it_was_given(history: list[Op]) -> None:
    before = fold(*history[:-1]) if history[:-1] else merge.empty(history[0], "010")
    kept = copy.deepcopy(before)
    merge.apply(before, history[-1], "2026-11-23T21:21:00+00:00")
    assert before == kept


def _heads(snapshot: Snapshot) -> dict[tuple[str, str], set[str]]:
    return {
        (entity, field): {head["op"] for head in heads}
        for entity, fields in snapshot["fields"].items()
        for field, heads in fields.items()
    }


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (True, True, True),
        (True, 1, False),
        (0, False, False),
        (True, False, False),
        (1, 1.0, True),
        (None, None, True),
        (None, False, False),
        (None, "", False),
        ("1", 1, False),
        ([1, [True]], [1, [True]], True),
        ([1, [True]], [1, [1]], False),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        ([2, 1], [1, 2], False),
        ([], {}, False),
        ({"a": 1, "b": [0]}, {"b": [0], "a": 1}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": 1, "b": None}, {"a": 1, "c": None}, False),
        ({"a": {"b": [False]}}, {"a": {"b": [0]}}, False),
    ],
)
def test_values_are_equal_as_json_says(one: Any, other: Any, alike: bool) -> None:
    """Unlike Python, JSON does not take `true` for 1; a phone and the server must find the same conflicts."""
    assert merge.same(one, other) is merge.same(other, one) is alike
    snapshot = fold(op("edit", edit("later", one)), op("edit", edit("later", other)))
    assert merge.conflicts(snapshot) == ([] if alike else [("report", "later")])


def test_a_third_value_that_disagrees_is_a_conflict_too() -> None:
    snapshot = fold(*(op("edit", edit("address", where)) for where in ("south", "south", "east")))
    assert merge.conflicts(snapshot) == [("report", "address")]


def test_what_is_removed_and_what_is_reviewed_stands_in_no_conflict() -> None:
    agent = op_id()
    made = op("edit", edit("@entity", {"list": "agents", "parent": None}, entity=agent))
    both = [op("edit", edit("agency", which, entity=agent)) for which in ("ice_ero", "cbp")]
    steps = [op("return", edit("state", state, entity="review")) for state in ("submitted", "returned")]
    assert merge.conflicts(fold(made, *both, *steps)) == [(agent, "agency")]
    gone = fold(made, *both, op("edit", edit("@entity", None, made, *both, entity=agent)))
    assert gone["entities"][agent]["removed"]
    assert merge.conflicts(gone) == []


def test_of_two_steps_of_the_review_the_later_to_arrive_counts() -> None:
    steps = [op("return", edit("state", state, entity="review")) for state in ("returned", "submitted")]
    assert fold(op("edit", edit("address", "a")))["state"] == "draft"
    assert fold(*steps)["state"] == "submitted"
    assert fold(*steps[::-1])["state"] == "returned"


def test_where_the_district_is_disputed_or_none_the_authors_own_is_responsible() -> None:
    begun = op("edit", edit("district", "011"))
    assert fold(begun, op("edit", edit("district", "012")))["district"] == "010"
    assert fold(begun, op("edit", edit("district", "011")))["district"] == "011"
    assert fold(begun, op("edit", edit("district", None)))["district"] == "011"
    assert fold(begun, op("edit", edit("district", "", begun)))["district"] == "010"
    assert fold(op("edit", edit("district", ["011"])))["district"] == "010"


def test_an_op_waits_for_what_it_builds_on_and_for_who_made_its_entities() -> None:
    agent, photo = op_id(), op_id()
    one, other = op("edit", edit("address", "a")), op("edit", edit("beat", "1012"))
    built = op("edit", edit("address", "b", one), edit("beat", "1013", other), edit("arrived", None, one))
    assert merge.bases(built) == {one.id, other.id}
    assert merge.missing_bases(built, []) == {one.id, other.id}
    assert merge.missing_bases(built, [other.id]) == {one.id}
    snapshot = fold(op("edit", edit("@entity", {"list": "agents", "parent": None}, entity=agent)))
    wrote = op("edit", edit("agency", "cbp", entity=agent), edit("caption", "x", entity=photo), edit("address", "a"))
    assert merge.missing_entities(wrote, snapshot) == {photo}
    assert merge.missing_entities(wrote, fold(one)) == {agent, photo}
    makes = op("edit", edit("@entity", {"list": "photos", "parent": None}, entity=photo), *wrote.edits)
    assert merge.missing_entities(makes, snapshot) == set()
    assert merge.missing_entities(op("submit", edit("state", "submitted", entity="review")), snapshot) == set()
    removed = fold(one, op("edit", edit("@entity", None, entity=photo)))
    assert merge.missing_entities(wrote, removed) == {agent, photo}, "removed before it was made"


def test_a_new_report_belongs_to_whoever_began_it() -> None:
    begun = op("edit", edit("address", "a"))
    assert merge.empty(begun, "010") == {
        "report": begun.report,
        "form": {"id": "incident", "version": 1},
        "author": begun.actor,
        "home": "010",
        "district": "010",
        "state": "draft",
        "entities": {},
        "fields": {},
        "open": {},
        "settled": [],
        "ops": 0,
    }


def test_an_op_tells_whether_what_it_touched_is_in_conflict_now() -> None:
    one, other = op("edit", edit("address", "south")), op("edit", edit("address", "east"))
    snapshot, apart = merge.apply(fold(one), other, None)
    assert apart
    assert snapshot["ops"] == 2
    for quiet in (edit("beat", "1012"), edit("address", "corner", one, other)):
        assert merge.apply(snapshot, op("edit", quiet), None)[1] is False


def test_a_version_tells_who_wrote_it_when_and_having_seen_what() -> None:
    first = op("edit", edit("address", "a"))
    second = op("edit", edit("address", "b", first))
    snapshot, _ = merge.apply(fold(first), second, "received", "not before")
    assert merge.versions(snapshot, "report", "address") == [
        {
            "op": second.id,
            "actor": second.actor,
            "device": second.device,
            "wall": second.wall,
            "offset": second.utc_offset,
            "received": "received",
            "not_before": "not before",
            "base": [first.id],
            "value": "b",
        }
    ]
    assert merge.versions(snapshot, "report", "beat") == merge.versions(snapshot, op_id(), "beat") == []


def test_an_entity_keeps_its_list_and_parent_when_it_is_removed() -> None:
    agent, attempt = op_id(), op_id()
    made = op("edit", edit("@entity", {"list": "attempts", "parent": agent}, entity=attempt))
    stands = {"list": "attempts", "parent": agent, "removed": False, "flagged": False}
    assert fold(made)["entities"] == {attempt: stands}
    gone = fold(made, op("edit", edit("@entity", None, made, entity=attempt)))
    assert gone["entities"] == {attempt: {**stands, "removed": True}}
    early = fold(op("edit", edit("@entity", None, entity=attempt)), op("edit", edit("address", "a")))
    assert early["entities"] == {attempt: {"list": None, "parent": None, "removed": True, "flagged": False}}


def test_what_is_written_to_an_entity_before_it_is_made_stands_in_it_later() -> None:
    agent = op_id()
    wrote = op("edit", edit("agency", "cbp", entity=agent))
    made = op("edit", edit("@entity", {"list": "agents", "parent": None}, entity=agent))
    assert fold(wrote)["entities"][agent]["list"] is None
    assert fold(wrote, made)["entities"] == fold(made, wrote)["entities"]
