"""Reading an op's payload: what is no op is refused with a stable reason, what is unknown is left alone."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.op import MAX_DEPTH, BadOp, parse

ID = "0192f3a0-0000-7000-8000-000000000001"
PAYLOAD: dict[str, Any] = {
    "v": 1,
    "op": ID,
    "device": ID,
    "n": 1,
    "prev": None,
    "actor": ID,
    "report": ID,
    "kind": "edit",
    "edits": [{"entity": "report", "field": "address", "base": [], "value": "Cermak"}],
    "form": {"id": "incident", "version": 1},
    "time": {"wall": "2026-11-23T21:14:05.120Z", "utc_offset": -360, "beacon": None},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    payload: Any = copy.deepcopy(PAYLOAD)
    place = payload
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parents:
        place = place[part]
    place[last] = value
    return payload


def test_a_payload_is_read_whole() -> None:
    op = parse(PAYLOAD)
    assert (op.id, op.n, op.kind, op.edits[0].value, op.utc_offset) == (ID, 1, "edit", "Cermak", -360)


def test_members_that_this_server_does_not_know_are_no_reason_to_refuse() -> None:
    assert parse({**PAYLOAD, "mood": "calm"}).id == ID


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("v", 2, "newer_op_format"),
        ("kind", "delete", "unknown_kind"),
        ("op", "1", "malformed"),
        ("n", 0, "malformed"),
        ("n", True, "malformed"),
        ("prev", "abc", "malformed"),
        ("edits", [], "malformed"),
        ("edits", [PAYLOAD["edits"][0]] * 2, "field_twice"),
        ("edits.0.entity", "agents", "malformed"),
        ("edits.0.field", "Address!", "malformed"),
        ("edits.0.base", ["x"], "malformed"),
        ("edits.0.base", None, "malformed"),
        ("time.wall", "yesterday", "malformed"),
        ("time.utc_offset", "6", "malformed"),
        ("form", None, "malformed"),
        ("form.id", "", "malformed"),
        ("reason", 5, "malformed"),
    ],
)
def test_what_is_no_op_is_refused_with_its_reason(path: str, value: Any, reason: str) -> None:
    with pytest.raises(BadOp) as refused:
        parse(changed(path, value))
    assert refused.value.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(PAYLOAD)), JSON)
def test_nothing_that_a_client_can_send_breaks_the_reader(member: str, value: Any) -> None:
    try:
        parse({**PAYLOAD, member: value})
    except BadOp as refused:
        assert refused.reason in ("malformed", "newer_op_format", "unknown_kind", "field_twice")  # noqa: PT017


def nested(levels: int) -> Any:
    value: Any = "word"
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


def test_a_value_is_nested_no_deeper_than_can_be_compared() -> None:
    """P8: the next op on the field would fail for what its author never wrote."""
    assert parse(changed("edits.0.value", nested(MAX_DEPTH))).edits[0].value == nested(MAX_DEPTH)
    for levels in (MAX_DEPTH + 1, 900):
        with pytest.raises(BadOp) as refused:
            parse(changed("edits.0.value", nested(levels)))
        assert (refused.value.reason, refused.value.where) == ("malformed", "edits[0].value")
