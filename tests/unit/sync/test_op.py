"""Reading an op's payload: what is no op is refused with a stable reason, what is unknown is left alone."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.op import KINDS, MAX_DEPTH, MAX_EDITS, BadOp, Edit, late, parse

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


BAD_IDS = (None, 1, "", "1", ID.upper(), f"{ID}0", f"{ID}\n", f" {ID}", ID.replace("-", ""))
BAD_HASHES = (5, "abc", "g" * 64, "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n")
BAD_FIELDS = (
    None,
    5,
    "",
    "Address!",
    "1a",
    "_a",
    "a" * 65,
    "a/",
    "a/b/c",
    f"a/{'b' * 65}",
    "@list",
    "@entity\n",
    "a\n",
)
BAD_WALLS = (None, 5, "yesterday", "2026-11-23T21:14:05", "2026-11-23T21:14:05+00:00", "2026-11-23T21:14:05.Z",
             "2026-11-23T21:14:05.1234567Z", "2026-11-23T21:14:05Z\n")  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    payload: Any = copy.deepcopy(PAYLOAD)
    place = payload
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parents:
        place = place[part]
    place[last] = value
    return payload


def uuid(number: int) -> str:
    return f"0192f3a0-0000-7000-8000-{number:012x}"


def test_a_payload_is_read_whole() -> None:
    edits = [
        {"entity": "report", "field": "address", "base": [uuid(5), uuid(6)], "value": "Cermak"},
        {"entity": "review", "field": f"late/{'a' * 64}", "base": [], "value": None},
        {"entity": uuid(7), "field": "@entity", "base": [], "value": {"list": "agents"}},
    ]
    form, time = (
        {"id": "x" * 64, "version": 3},
        {"wall": "2026-11-23T21:14:05Z", "utc_offset": -360, "beacon": "b" * 64},
    )
    ids = {"op": uuid(1), "device": uuid(2), "actor": uuid(3), "report": uuid(4)}
    op = parse({"v": 1, **ids, "n": 9, "prev": "a" * 64, "kind": "admit", "edits": edits, "form": form, "time": time,
                "reason": "late", "begins": True})  # fmt: skip
    assert op.begins is True
    assert (op.id, op.device, op.actor, op.report) == (uuid(1), uuid(2), uuid(3), uuid(4))
    assert (op.n, op.prev, op.kind, op.reason) == (9, "a" * 64, "admit", "late")
    assert (op.form_id, op.form_version) == ("x" * 64, 3)
    assert (op.wall, op.utc_offset, op.beacon) == ("2026-11-23T21:14:05Z", -360, "b" * 64)
    assert op.edits == (
        Edit("report", "address", (uuid(5), uuid(6)), "Cermak"),
        Edit("review", f"late/{'a' * 64}", (), None),
        Edit(uuid(7), "@entity", (), {"list": "agents"}),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(kind: str) -> None:
    assert parse({**PAYLOAD, "kind": kind}).kind == kind


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("n", [1, 2**53 - 1]),
        ("form.version", [1, 2**53 - 1]),
        ("form.id", ["a", "a" * 64]),
        ("time.utc_offset", [-1440, 0, 840]),
        ("time.wall", ["2026-11-23T21:14:05Z", "2026-11-23T21:14:05.1Z", "2026-11-23T21:14:05.123456Z"]),
        ("edits.0.field", ["a", "a" * 64, "a_1", "a/B", f"a/{'A._-9' * 12}", "@entity"]),
        ("edits.0.entity", ["report", "review", ID]),
        ("reason", [None, "", "because"]),
        ("begins", [None, True, False]),
    ],
)
def test_the_limits_themselves_are_allowed(path: str, values: list[Any]) -> None:
    for value in values:
        parse(changed(path, value))


def test_an_op_holds_up_to_so_many_edits() -> None:
    edits = [{**PAYLOAD["edits"][0], "field": f"f{number}"} for number in range(MAX_EDITS + 1)]
    assert len(parse({**PAYLOAD, "edits": edits[:-1]}).edits) == MAX_EDITS
    with pytest.raises(BadOp):
        parse({**PAYLOAD, "edits": edits})


def test_members_that_this_server_does_not_know_are_no_reason_to_refuse() -> None:
    assert parse({**PAYLOAD, "mood": "calm"}).id == ID


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("v", 2, "newer_op_format"),
        ("v", None, "newer_op_format"),
        ("kind", "delete", "unknown_kind"),
        ("kind", None, "unknown_kind"),
        ("kind", ["edit"], "unknown_kind"),
        *((member, bad, "malformed") for member in ("op", "device", "actor", "report") for bad in BAD_IDS),
        *(("n", bad, "malformed") for bad in (0, -1, True, None, 1.0, "1", 2**53)),
        *((hashed, bad, "malformed") for hashed in ("prev", "time.beacon") for bad in BAD_HASHES),
        *(("edits", bad, "malformed") for bad in ([], None, {}, "edits")),
        ("edits", [PAYLOAD["edits"][0]] * 2, "field_twice"),
        *(("edits.0.entity", bad, "malformed") for bad in ("agents", "@entity", None, [], "Report")),
        *(("edits.0.field", bad, "malformed") for bad in BAD_FIELDS),
        *(("edits.0.base", bad, "malformed") for bad in (["x"], None, ID, [None], [ID, "x"], {})),
        *(("time.wall", bad, "malformed") for bad in BAD_WALLS),
        *(("time.utc_offset", bad, "malformed") for bad in ("6", None, -1441, 1.5, False, 2**53)),
        *(("form", bad, "malformed") for bad in (None, [], "incident")),
        *(("time", bad, "malformed") for bad in (None, [], "now")),
        *(("form.id", bad, "malformed") for bad in ("", None, 5, "a" * 65)),
        *(("form.version", bad, "malformed") for bad in (0, None, "1", True, 2**53)),
        *(("reason", bad, "malformed") for bad in (5, [], False)),
        *(("begins", bad, "malformed") for bad in (1, "true", [])),
    ],
)
def test_what_is_no_op_is_refused_with_its_reason_and_place(path: str, value: Any, reason: str) -> None:
    with pytest.raises(BadOp) as refused:
        parse(changed(path, value))
    assert refused.value.reason == reason
    assert refused.value.where == path.replace(".0.", "[0].")
    assert str(refused.value) == f"{reason} at {refused.value.where}"


@pytest.mark.parametrize("payload", [None, [], "op", 5, [PAYLOAD]])
def test_what_is_no_object_is_no_op(payload: Any) -> None:
    with pytest.raises(BadOp, match="malformed at payload"):
        parse(payload)


@pytest.mark.parametrize("found", [None, [], "address", {"entity": "report", "field": "address", "base": []}])
def test_an_edit_gives_a_value_and_be_it_null(found: Any) -> None:
    """A value that is left out is no value of null: the one says nothing, the other empties a field."""
    with pytest.raises(BadOp) as refused:
        parse({**PAYLOAD, "edits": [PAYLOAD["edits"][0], found]})
    assert (refused.value.reason, refused.value.where) == ("malformed", "edits[1]")


@pytest.mark.parametrize("member", ["v", "op", "device", "n", "actor", "report", "kind", "edits", "form", "time"])
def test_nothing_that_an_op_needs_may_be_left_out(member: str) -> None:
    with pytest.raises(BadOp):
        parse({name: each for name, each in PAYLOAD.items() if name != member})


def test_what_an_op_can_do_without_may_be_left_out() -> None:
    time = {"wall": PAYLOAD["time"]["wall"], "utc_offset": 0}
    op = parse({**{name: each for name, each in PAYLOAD.items() if name != "prev"}, "time": time})
    assert (op.prev, op.beacon, op.reason, op.begins) == (None, None, None, None)


def test_which_op_that_is_kept_aside_an_op_settles() -> None:
    def settles(*marks: tuple[str, str]) -> str | None:
        edits = [{"entity": entity, "field": field, "base": [], "value": "x"} for entity, field in marks]
        return late(parse({**PAYLOAD, "edits": edits}))

    assert settles(("report", "address"), ("review", f"late/{ID}")) == ID
    assert settles(("review", "late/" + "a" * 64)) == "a" * 64
    assert settles(("report", f"late/{ID}")) is None
    assert settles(("review", "state")) is None
    assert settles(("review", "late/a"), ("review", "late/b")) is None


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
