"""Cursors: what a server gave out it reads again; anything else starts the reader anew."""

from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import Cursor, decode


@given(st.text(max_size=40), st.text(max_size=60), st.integers(0, 2**53))
def test_a_cursor_comes_back_as_it_was(epoch: str, scope: str, seq: int) -> None:
    cursor = Cursor(epoch, scope, seq)
    assert decode(cursor.encode()) == cursor


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_what_is_no_cursor_never_breaks_the_reader(found: str) -> None:
    cursor = decode(found)
    assert cursor is None or decode(cursor.encode()) == cursor
