"""Cursors: what a server gave out it reads again; anything else starts the reader anew."""

from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import Cursor, decode, mark

KEY = b"a server's key"
NUMBERS = st.integers(0, 2**64 - 1)
CURSORS = st.builds(
    Cursor,
    mark=st.builds(mark, st.text(max_size=40), st.text(max_size=60)),
    seq=NUMBERS,
    held=NUMBERS,
    statements=NUMBERS,
    head=st.none() | st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}"),
)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_mark_tells_epochs_and_scopes_apart(one: str, other: str) -> None:
    assert (mark(one, "user:a") == mark(other, "user:a")) == (one == other)
    assert (mark("e", one) == mark("e", other)) == (one == other)


def test_a_cursor_is_short_because_it_travels_with_every_pull() -> None:
    assert len(Cursor(mark("an epoch", "a scope"), 2**40, 2**40, 2**40, "0" * 15 + "1").encode(KEY)) < 80


@given(CURSORS)
def test_a_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    assert decode(cursor.encode(KEY), KEY) == cursor


@given(CURSORS, st.integers(0), st.integers(1, 63))
def test_nobody_else_can_write_a_cursor(cursor: Cursor, place: int, change: int) -> None:
    """Else a reader could claim to have seen a lost future, and begin epochs at will."""
    written = cursor.encode(KEY)
    at = place % len(written)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[(alphabet.index(written[at]) + change) % 64]
    found = decode(written[:at] + other + written[at + 1 :], KEY)
    # The last character may carry bits that say nothing.
    assert found is None or (found == cursor and at == len(written) - 1)
    assert decode(written, b"another server's key") is None


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_what_is_no_cursor_never_breaks_the_reader(found: str) -> None:
    assert decode(found, KEY) is None
