"""Cursors: what a server gave out it reads again; anything else starts the reader anew."""

from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import Cursor, decode


KEY = b"a server's key"
CURSORS = st.builds(
    Cursor,
    epoch=st.text(max_size=40),
    scope=st.text(max_size=60),
    seq=st.integers(0, 2**53),
    held=st.integers(0, 2**53),
    statements=st.integers(0, 2**53),
    head=st.none() | st.text(max_size=64),
)


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
