"""Which byte does not fit: in signed strings, in JSON, in columns."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from server.feed.verify.places import (
    Misfit,
    changed_byte,
    digest,
    expect,
    first_difference,
    member_at,
    path_at,
    unreadable_at,
)

SIGNATURE = "c2lnbmF0dXJl"
NAMES = some.text(min_size=1, max_size=4)
SCALARS = some.none() | some.booleans() | some.integers() | some.text(max_size=8)
VALUES = some.recursive(
    SCALARS, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3)
)
PAYLOADS = some.dictionaries(NAMES, VALUES, min_size=1, max_size=4)
Path = tuple[str | int, ...]


def coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jws(payload: Any, **style: Any) -> str:
    text = json.dumps(payload, **style).encode("utf-8", "surrogatepass")
    return f"{coded(b'{}')}.{coded(text)}.{SIGNATURE}"


def leaves(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """Return every value within a value that holds no others, with its path."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() for each in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [each for place, inner in enumerate(value) for each in leaves(inner, (*path, place))]
    return [(path, value)]


def replaced(value: Any, path: Path, other: Any) -> Any:
    if not path:
        return other
    step, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[step] = replaced(value[step], tuple(rest), other)
    return copy


@settings(deadline=None)
@given(some.text(alphabet=some.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40), some.data())
def test_the_one_changed_byte_is_found(text: str, data: some.DataObject) -> None:
    at = data.draw(some.integers(0, len(text) - 1))
    other = chr(data.draw(some.integers(32, 126).filter(lambda code: chr(code) != text[at])))
    assert changed_byte(text[:at] + other + text[at + 1 :], digest(text)) == at


def test_two_changed_bytes_lost_ones_and_none_are_not_taken_for_one_changed() -> None:
    text = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
    for other in ("EYJ" + text[3:], text[:-1], text + "A", text):
        assert changed_byte(other, digest(text)) is None
    long = "A" * 8193
    assert changed_byte("B" + long[1:], digest(long)) is None


@pytest.mark.parametrize(
    ("found", "expected", "place"),
    [("", "", 0), ("abc", "abc", 3), ("abc", "abd", 2), ("ab", "abc", 2), (b"abc", b"a", 1)],
)
def test_the_first_difference_is_where_one_ends_or_both_differ(found: Any, expected: Any, place: int) -> None:
    assert first_difference(found, expected) == place


@settings(deadline=None)
@given(VALUES, some.sampled_from([None, 1]), some.booleans())
def test_what_can_be_read_has_no_byte_that_it_cannot_have(value: Any, indent: int | None, ascii_only: bool) -> None:
    assert unreadable_at(jws(value, indent=indent, ensure_ascii=ascii_only)) is None


def test_the_byte_from_which_a_string_is_no_jws_is_named() -> None:
    good = jws({"op": "a", "n": 7})
    head, body, signature = good.split(".")
    begins = len(head) + 1
    assert unreadable_at(good[:9] + "+" + good[10:]) == 9
    assert unreadable_at(good[:9] + "é" + good[10:]) == 9
    assert unreadable_at(good + ".") == len(good)
    assert unreadable_at(f"{head}.{body}") == len(f"{head}.{body}")
    assert unreadable_at("") == 0
    assert unreadable_at(f"{head}.{body[:-1]}.{signature}") == begins + len(body) - 2  # a single bit of a byte is left
    assert unreadable_at(f"{coded(b'[' * 100_000)}.{body}.{signature}") == 0


@pytest.mark.parametrize(
    ("body", "byte"),
    [(b'{"n": 7', 7), (b'{"n": x}', 6), ('{"ä": x}'.encode(), 7), (b'{"n": "\xff"}', 7), (b"", 0), (b"{}{}", 2)],
)
def test_the_byte_from_which_a_payload_is_no_json_is_named(body: bytes, byte: int) -> None:
    """Where UTF-8 or JSON goes wrong, told as the character of the JWS that carries that byte's first bits."""
    assert unreadable_at(f"e30.{coded(body)}.x") == len("e30.") + byte * 4 // 3


@settings(deadline=None)
@given(PAYLOADS, some.data(), some.sampled_from([None, 1]))
def test_a_member_that_differs_is_named_by_its_first_byte(
    payload: Any, data: some.DataObject, indent: int | None
) -> None:
    assume(leaves(payload))
    path, right = data.draw(some.sampled_from(leaves(payload)))
    wrong = data.draw(SCALARS.filter(lambda each: json.dumps(each) != json.dumps(right)))
    good, bad = jws(payload, indent=indent), jws(replaced(payload, path, wrong), indent=indent)
    assert member_at(bad, path, right) == first_difference(bad, good)


def test_of_members_with_one_name_the_last_is_meant_as_for_every_reader() -> None:
    bad, good = (f"e30.{coded(text)}.x" for text in (b'{"n": 1, "n": 2}', b'{"n": 1, "n": 3}'))
    assert member_at(bad, ["n"], 3) == first_difference(bad, good)


def test_a_member_that_is_not_there_is_named_by_the_payload() -> None:
    assert member_at(jws({"n": 1}), ["op"], "a") == len(coded(b"{}")) + 1
    assert member_at(jws([]), ["op"], "a") == len(coded(b"{}")) + 1


@settings(deadline=None)
@given(PAYLOADS, some.data(), some.sampled_from([None, 1]))
def test_an_offset_is_told_as_the_path_of_the_value_in_which_it_lies(
    payload: Any, data: some.DataObject, indent: int | None
) -> None:
    assume(leaves(payload))
    path, _ = data.draw(some.sampled_from(leaves(payload)))
    text = json.dumps(replaced(payload, path, "@" * 12), indent=indent)
    assert path_at(text, text.index("@" * 12)) == "/".join(map(str, path))


def test_an_offset_outside_of_every_value_has_no_path() -> None:
    assert path_at('{"a": [1, 2]}', 1) == ""
    assert path_at('{"a": [1, 2]}', 8) == "a"


def test_a_misfit_says_where_what_was_found_and_what_was_expected() -> None:
    with pytest.raises(Misfit) as caught:
        expect("op", 7, "n", 1234, 1294, "see its string")
    assert str(caught.value) == "op 7, n, byte 2: found '1234', expected '1294': see its string"
    with pytest.raises(Misfit, match=r"^op 7, kind, byte 0: found nothing, expected 'edit'"):
        expect("op", 7, "kind", None, "edit", "")
    moment = datetime(2026, 11, 23, 21, 14, tzinfo=UTC)
    with pytest.raises(Misfit, match=r"byte 15: found '2026-11-23T21:14:00"):
        expect("op", 7, "received_at", moment, moment.replace(minute=15).isoformat(), "")
    expect("op", 7, "n", 7, 7, "")
    assert str(Misfit("op", "7", "id", None, "gone")) == "op 7, id: gone"


def test_a_long_or_strange_value_is_shown_in_part_and_in_ascii() -> None:
    with pytest.raises(Misfit) as caught:
        expect("op", 7, "kind", "é\n" + "x" * 500, "edit", "")
    assert "\\xe9\\n" in caught.value.said
    assert len(caught.value.said) < 150
