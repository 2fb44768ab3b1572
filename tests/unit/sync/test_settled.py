"""What a person is told of a resolution that did not keep what they wrote (P2)."""

import pytest

from sync import merge
from tests.unit.sync.builders import OTHER, SINCE, edit, op, received
from tests.unit.sync.notes import BOTH, FIRST, LOUD, NOTE, SOUTH, fold, made, settle, wrote


def test_a_resolution_tells_what_it_did_not_keep() -> None:
    """Whoever wrote it can be told, and by whom and why it was settled."""
    one, other = op("edit", edit("address", "south")), op("edit", edit("address", "east"), actor=OTHER)
    ended = op("resolve", edit("address", "south", one, other), reason="asked both", actor=OTHER)
    assert fold(one, other, ended)["settled"] == [
        {
            "entity": "report",
            "field": "address",
            "op": ended.id,
            "actor": OTHER,
            "device": ended.device,
            "wall": ended.wall,
            "offset": ended.utc_offset,
            "received": received(ended),
            "reason": "asked both",
            "value": "south",
            "not_kept": [merge.version(other, other.edits[0], received(other), SINCE)],
        }
    ]


def test_what_a_resolution_did_not_keep_is_listed_once_in_order_of_the_ops() -> None:
    ops = [op("edit", edit("address", where)) for where in ("a", "b", "c")]
    ended = op("resolve", edit("address", "b", ops[2], ops[0], ops[1], ops[0]), reason="asked")
    (told,) = fold(*ops, ended)["settled"]
    assert [each["value"] for each in told["not_kept"]] == ["a", "c"]


def test_a_resolution_that_kept_every_value_tells_nothing() -> None:
    ops = [op("edit", edit("address", where)) for where in ("a", "a")]
    assert fold(*ops, op("resolve", edit("address", "a", *ops), reason="asked"))["settled"] == []


def test_who_confirms_a_merged_text_has_kept_both() -> None:
    begun, first = made(), wrote(FIRST)
    one, other = wrote(SOUTH, first), wrote(LOUD, first, actor=OTHER)
    assert fold(begun, first, one, other, settle(BOTH, one, other))["settled"] == []
    (told,) = fold(begun, first, one, other, settle(SOUTH, one, other))["settled"]
    assert [each["value"] for each in told["not_kept"]] == [LOUD]


@pytest.mark.parametrize("empty", [None, ""])
def test_who_empties_a_note_has_kept_neither(empty: str | None) -> None:
    """P2: that there was nothing to merge does not make a null the merged text."""
    one, other = wrote(SOUTH), wrote(LOUD, actor=OTHER)
    emptied = op("resolve", edit("text", empty, one, other, entity=NOTE), reason="wrong report")
    (told,) = fold(made(), one, other, emptied)["settled"]
    assert [each["value"] for each in told["not_kept"]] == [SOUTH, LOUD]


def test_only_free_text_can_be_confirmed() -> None:
    first = op("edit", edit("narrative", FIRST))
    both = op("edit", edit("narrative", SOUTH, first)), op("edit", edit("narrative", LOUD, first))
    (told,) = fold(first, *both, op("resolve", edit("narrative", BOTH, *both), reason="asked"))["settled"]
    assert [each["value"] for each in told["not_kept"]] == [SOUTH, LOUD]


def test_an_edit_settles_nothing() -> None:
    first = op("edit", edit("address", "a"))
    assert fold(first, op("edit", edit("address", "b", first)))["settled"] == []


def test_settlements_are_in_one_order_however_they_arrived() -> None:
    address = [op("edit", edit("address", where)) for where in ("a", "b")]
    both = [op("edit", edit("beat", where), edit("arrived", where)) for where in ("1", "2")]
    notes = [made(), wrote(FIRST), wrote(SOUTH)]
    second = op("resolve", edit("address", "a", *address), reason="asked")
    first = op("resolve", edit("beat", "1", *both), edit("arrived", "1", *both), reason="asked")
    third = settle(FIRST, *notes[1:])
    expected = [
        (second.id, "report", "address"),
        (first.id, "report", "arrived"),
        (first.id, "report", "beat"),
        (third.id, NOTE, "text"),
    ]
    for ends in ((first, second, third), (third, second, first)):
        settled = fold(*address, *both, *notes, *ends)["settled"]
        assert [(each["op"], each["entity"], each["field"]) for each in settled] == expected
