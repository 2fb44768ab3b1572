"""What a person is told of values that stand apart (P2, P3)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import merge
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Op
from tests.unit.sync.builders import OTHER, SINCE, edit, op, received
from tests.unit.sync.notes import BOTH, FIRST, FORM, LOUD, NOTE, SOUTH, fold, made, settle, wrote


def question(snapshot: Snapshot, entity: str = NOTE, field: str = "text") -> Any:
    return snapshot["open"].get(entity, {}).get(field)


def test_what_stands_alone_asks_nothing_and_reads_no_past() -> None:
    def past() -> dict[str, Stored]:
        raise AssertionError("the past costs a query")

    begun = op("edit", edit("address", "Cermak"))
    snapshot, _ = merge.apply(merge.empty(begun, "010"), begun, None)
    explained = explain(snapshot, begun, FORM, past)
    assert (explained["open"], explained["settled"]) == ({}, [])


def test_p8_the_past_is_read_once_however_many_fields_of_an_op_stand_apart() -> None:
    asked = 0
    one, other = (op("edit", *(edit(f"f{number}", value) for number in range(20))) for value in "ab")
    snapshot = merge.empty(one, "010")
    for each in (one, other):
        snapshot, _ = merge.apply(snapshot, each, None)

    def past() -> dict[str, Stored]:
        nonlocal asked
        asked += 1
        return {each.id: Stored(each, None, None) for each in (one, other)}

    assert len(explain(snapshot, other, FORM, past)["open"]["report"]) == 20
    assert asked == 1


def test_a_conflict_shows_what_each_author_had_seen() -> None:
    first = op("edit", edit("address", "Cermak"))
    south = op("edit", edit("address", "Cermak, south", first))
    east = op("edit", edit("address", "Cermak, east", first), actor=OTHER)
    asked = question(fold(first, south, east), "report", "address")
    assert (asked["kind"], asked["text"]) == ("conflict", None)
    assert asked["seen"] == [merge.version(first, first.edits[0], received(first), SINCE)]


def test_what_was_seen_is_listed_once_in_order_and_never_what_still_stands() -> None:
    one, two, three = (op("edit", edit("address", where)) for where in ("a", "b", "c"))
    left = op("edit", edit("address", "left", one, two))
    right = op("edit", edit("address", "right", two, three))
    for order in ((one, two, three, left, right), (three, two, one, right, left)):
        asked = question(fold(*order), "report", "address")
        assert [each["op"] for each in asked["seen"]] == [one.id, two.id, three.id]
    beside = op("edit", edit("address", "beside", left), edit("beat", "1012"))
    still = op("edit", edit("address", "still", left))
    assert [each["op"] for each in question(fold(one, two, left, beside, still), "report", "address")["seen"]] == [
        left.id
    ]


def test_two_notes_that_changed_different_sentences_are_merged_and_both_still_stand() -> None:
    begun, first = made(), wrote(FIRST)
    one, other = wrote(SOUTH, first), wrote(LOUD, first, actor=OTHER)
    snapshot = fold(begun, first, one, other)
    assert question(snapshot) | {"seen": []} == {"kind": "merged", "text": BOTH, "seen": []}
    assert [head["value"] for head in merge.versions(snapshot, NOTE, "text")] == [SOUTH, LOUD]
    assert merge.unconfirmed(snapshot) == [(NOTE, "text")]
    assert merge.conflicts(snapshot) == []


def test_two_notes_that_changed_one_sentence_are_a_conflict() -> None:
    begun, first = made(), wrote(FIRST)
    snapshot = fold(begun, first, wrote(SOUTH, first), wrote(FIRST.replace("there", "here"), first))
    assert question(snapshot)["kind"] == "conflict"
    assert merge.conflicts(snapshot) == [(NOTE, "text")]
    assert merge.unconfirmed(snapshot) == []


def test_a_field_that_is_not_free_text_is_never_merged() -> None:
    """P3: what narrates, identifies or refuses always conflicts."""
    first = op("edit", edit("narrative", FIRST))
    snapshot = fold(first, op("edit", edit("narrative", SOUTH, first)), op("edit", edit("narrative", LOUD, first)))
    assert question(snapshot, "report", "narrative")["kind"] == "conflict"
    assert question(snapshot, "report", "narrative")["text"] is None


def test_a_field_that_the_form_does_not_know_is_never_merged() -> None:
    first = op("edit", edit("later", FIRST))
    snapshot = fold(first, op("edit", edit("later", SOUTH, first)), op("edit", edit("later", LOUD, first)))
    assert question(snapshot, "report", "later")["kind"] == "conflict"


def test_three_texts_are_never_merged() -> None:
    begun, first = made(), wrote(FIRST)
    third = wrote(FIRST.replace("Nobody", "A man"), first)
    assert question(fold(begun, first, wrote(SOUTH, first), wrote(LOUD, first), third))["kind"] == "conflict"


def test_texts_are_merged_over_several_edits_of_each_author() -> None:
    begun, first = made(), wrote(FIRST)
    one = wrote(SOUTH, first)
    again = wrote(SOUTH.replace("Three", "Four"), one)
    other = wrote(LOUD, first, actor=OTHER)
    more = wrote(LOUD.replace("howled", "ran"), other, actor=OTHER)
    asked = question(fold(begun, first, one, again, other, more))
    assert (asked["kind"], asked["text"]) == ("merged", "Four vans stood there. Nobody got out. A dog ran.")
    assert [each["op"] for each in asked["seen"]] == [one.id, other.id]


def test_the_common_text_is_the_latest_that_both_had_seen() -> None:
    """Against an older one, what both had agreed on would count as a change of each."""
    begun, first = made(), wrote("One. Two. Three.")
    second = wrote("One. Two. Three. Four. Five.", first)
    one, other = wrote("Eins. Two. Three. Four. Five.", second), wrote("One. Two. Three. Four. Six.", second)
    assert question(fold(begun, first, second, one, other))["text"] == "Eins. Two. Three. Four. Six."


def test_without_a_common_text_there_is_nothing_to_merge() -> None:
    asked = question(fold(made(), wrote(SOUTH), wrote(LOUD, actor=OTHER)))
    assert (asked["kind"], asked["seen"]) == ("conflict", [])


def test_with_two_common_texts_a_person_decides() -> None:
    begun, left, right = made(), wrote(FIRST), wrote(FIRST, actor=OTHER)
    one, other = wrote(SOUTH, left, right), wrote(LOUD, left, right)
    assert question(fold(begun, left, right, one, other))["kind"] == "conflict"


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", [None, "", 5])
def test_only_text_is_merged_and_an_emptied_note_is_a_conflict(place: int, value: Any) -> None:
    values: list[Any] = [FIRST, SOUTH, LOUD]
    values[place] = value
    begun, first = made(), wrote(values[0])
    asked = question(fold(begun, first, wrote(values[1], first), wrote(values[2], first)))
    assert asked["kind"] == "conflict"


def test_a_merged_text_is_gone_as_soon_as_the_field_changes() -> None:
    """It was made of two values that no longer are all; nobody must confirm what is out of date."""
    begun, first = made(), wrote(FIRST)
    one, other = wrote(SOUTH, first), wrote(LOUD, first, actor=OTHER)
    merged = fold(begun, first, one, other)
    assert question(merged)["kind"] == "merged"
    third = wrote(FIRST.replace("Nobody", "A man"), first)
    assert question(fold(begun, first, one, other, third))["kind"] == "conflict"
    confirmed = fold(begun, first, one, other, settle(BOTH, one, other))
    assert confirmed["open"] == {}
    assert merge.unconfirmed(confirmed) == []


def test_a_question_leaves_those_of_other_fields_and_entities_alone() -> None:
    place = [op("edit", edit("address", where)) for where in ("a", "b")]
    beat = [op("edit", edit("beat", where)) for where in ("1012", "1013")]
    notes = [made(), wrote(FIRST), wrote(SOUTH)]
    snapshot = fold(*place, *beat, *notes)
    assert {entity: set(fields) for entity, fields in snapshot["open"].items()} == {
        "report": {"address", "beat"},
        NOTE: {"text"},
    }
    less = fold(*place, *beat, *notes, op("resolve", edit("beat", "1012", *beat), reason="asked"))
    assert {entity: set(fields) for entity, fields in less["open"].items()} == {"report": {"address"}, NOTE: {"text"}}


def test_the_review_checklists_and_entities_ask_nothing() -> None:
    tick = op("edit", edit("observed/mask", True))
    ops = [tick, op("edit", edit("observed/mask", False, tick)), op("edit", edit("observed/mask", True, tick))]
    ops += [
        op(kind, edit("state", state, entity="review")) for kind, state in (("submit", "submitted"), ("return", "x"))
    ]
    begun = made()
    ops += [begun, wrote(FIRST), op("edit", edit("@entity", None, begun, entity=NOTE))]
    ops += [op("edit", edit("@entity", {"list": "notes", "parent": None}, begun, entity=NOTE))]
    assert fold(*ops)["open"] == {}


@st.composite
def histories(draw: st.DrawFn) -> list[Op]:
    """Notes, addresses and resolutions of several authors, each built on some of what came before it."""
    ops = [made()]
    texts = st.sampled_from([FIRST, SOUTH, LOUD, BOTH, FIRST.replace("Nobody", "A man"), None])
    for _ in range(draw(st.integers(1, 10))):
        entity, field = draw(st.sampled_from([(NOTE, "text"), ("report", "address")]))
        earlier = [each for each in ops if each.edits[0].field == field]
        base = draw(st.lists(st.sampled_from(earlier), unique_by=id, max_size=3)) if earlier else []
        kind = draw(st.sampled_from(["edit", "resolve"])) if len(base) > 1 else "edit"
        reason = "asked" if kind == "resolve" else None
        ops.append(op(kind, edit(field, draw(texts), *base, entity=entity), reason=reason))
    return ops


def sorted_heads(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with heads in order of their ops: those alone are listed as they arrived."""
    fields = {
        entity: {field: sorted(heads, key=lambda head: head["op"]) for field, heads in each.items()}
        for entity, each in snapshot["fields"].items()
    }
    return {**snapshot, "fields": fields}


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_every_order_of_arrival_explains_alike(history: list[Op], chance: Any) -> None:
    expected = sorted_heads(fold(*history))
    left, order = list(history), []
    known: set[str] = set()
    while left:
        # A note's own edits wait for the op that made it, as they do on the server.
        ready = [
            each
            for each in left
            if not merge.missing_bases(each, known) and (history[0].id in known or each.edits[0].field != "text")
        ]
        chosen = chance.choice(ready)
        left.remove(chosen)
        order.append(chosen)
        known.add(chosen.id)
    assert sorted_heads(fold(*order)) | {"author": "", "form": ""} == expected | {"author": "", "form": ""}


@settings(max_examples=150, deadline=None)
@given(histories())
def test_exactly_what_stands_apart_is_explained(history: list[Op]) -> None:
    snapshot = fold(*history)
    asked = {(entity, field) for entity, fields in snapshot["open"].items() for field in fields}
    assert asked == set(merge.standing_apart(snapshot))
    assert asked == {*merge.conflicts(snapshot), *merge.unconfirmed(snapshot)}
