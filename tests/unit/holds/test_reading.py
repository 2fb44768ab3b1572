"""What a hold takes over from the op that asks for it, and what errors say (P6)."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sync.holds import BadHold, Cause, HoldPolicy, IllegalMove, State, destroy_on, intent_of, move, storable, widen
from sync.op import Edit
from tests.unit.holds.builders import END, FOOTAGE, REPORT, START, hold_op, intent

POLICY = HoldPolicy()
RECEIVED = datetime(2026, 2, 4, 3, 0, tzinfo=UTC)
WINDOW = {"from": "2026-02-03T15:05:00-06:00", "to": "2026-02-03T15:40:00-06:00"}
LIMITS = {"kind": 64, "wearer_star": 64, "device_serial": 128, "place": 1000, "basis": 64, "why": 4000}


def test_whose_hold_it_is_comes_from_the_op() -> None:
    asked = hold_op({**WINDOW, "kind": "bwc"})
    found = intent_of(asked, POLICY, RECEIVED)
    assert (found.intent, found.report, found.op) == (FOOTAGE, REPORT, asked.id)
    assert (found.actor, found.device) == (asked.actor, asked.device)
    assert (found.wearer_star, found.device_serial, found.place, found.basis, found.why) == (None,) * 5


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_each_text_is_taken_over_up_to_what_fits(name: str, limit: int) -> None:
    """One text that is too long must neither stop a hold nor fill a database column."""
    for given, kept in (("x" * limit, "x" * limit), ("x" * (limit + 1), "x" * limit), ("  a b  ", "a b"), ("  ", None)):
        assert getattr(intent_of(hold_op({**WINDOW, name: given}), POLICY, RECEIVED), name) == kept


@pytest.mark.parametrize(
    ("given", "kept"), [(12345, "12345"), (1.5, "1.5"), (True, None), (["x"], None), ({}, None), ("", None), (0, "0")]
)
def test_a_number_is_a_text_and_other_values_are_none(given: Any, kept: str | None) -> None:
    assert intent_of(hold_op({**WINDOW, "wearer_star": given}), POLICY, RECEIVED).wearer_star == kept


def test_what_a_database_refuses_is_left_out() -> None:
    assert storable("a\0b\0") == "ab"
    assert storable("\udc00ab\ud83d") == "ab"
    assert storable("né 😀") == "né 😀"


@pytest.mark.parametrize("entity", ["report", "review"])
def test_a_hold_is_not_about_the_report_itself(entity: str) -> None:
    with pytest.raises(BadHold, match="hold_needs_one_footage"):
        intent_of(hold_op(WINDOW, entity=entity), POLICY, RECEIVED)


def test_a_hold_about_two_cameras_cannot_be_told_apart() -> None:
    other = Edit("019aa000-0000-7000-8000-00000000beef", "kind", (), "bwc")
    asked = hold_op(WINDOW)
    with pytest.raises(BadHold) as caught:
        intent_of(hold_op({}, edits=(*asked.edits, other)), POLICY, RECEIVED)
    assert caught.value.reason == str(caught.value) == "hold_needs_one_footage"


def test_an_open_end_runs_on_from_what_is_known() -> None:
    """Asked at 21:41 UTC, twelve minutes of padding around it; a known end or start is never cut."""
    asked = datetime(2026, 2, 3, 21, 41, tzinfo=UTC)
    only_start = intent_of(hold_op({"from": WINDOW["from"]}), POLICY, RECEIVED)
    assert (only_start.start, only_start.end, only_start.missing) == (START, asked + timedelta(minutes=10), ("to",))
    only_end = intent_of(hold_op({"to": WINDOW["to"]}), POLICY, RECEIVED)
    assert (only_end.start, only_end.end) == (END - timedelta(minutes=2), END)
    assert only_end.missing == ("from",)
    later = intent_of(hold_op({"from": "2026-02-03T22:00:00Z"}), POLICY, RECEIVED)
    assert later.end == later.start + timedelta(minutes=10)
    early = intent_of(hold_op({"to": "2026-02-03T22:00:00Z"}), POLICY, RECEIVED)
    assert early.start == asked - timedelta(minutes=2)


def test_a_clock_that_cannot_be_read_leaves_the_time_of_receipt() -> None:
    found = intent_of(hold_op({}, wall="0001-01-01T00:00:00+23:00"), POLICY, RECEIVED)
    assert (found.start, found.end) == (RECEIVED - timedelta(minutes=2), RECEIVED + timedelta(minutes=10))


@pytest.mark.parametrize("offset", [-360, 0, 330])
def test_a_time_without_an_offset_is_counted_in_the_devices(offset: int) -> None:
    asked = hold_op({"from": "2026-02-03T15:05:00", "to": "2026-02-03T15:40:00"}, utc_offset=offset)
    found = intent_of(asked, POLICY, datetime(2026, 2, 5, tzinfo=UTC))
    assert found.start == datetime(2026, 2, 3, 15, 5, tzinfo=timezone(timedelta(minutes=offset)))
    assert found.start.utcoffset() == timedelta(0)


@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Kolkata"])
def test_the_zone_that_a_server_stands_in_moves_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are told to custodians in UTC, wherever the machine believes to be."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = intent_of(hold_op(WINDOW), POLICY, RECEIVED)
        assert found.start.utcoffset() == found.end.utcoffset() == timedelta(0)
        assert destroy_on(START, RECEIVED, POLICY).utcoffset() == timedelta(0)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_wider_window_widens_both_ends() -> None:
    wider = intent(start=START - timedelta(minutes=5), end=END + timedelta(minutes=5))
    found = widen(intent(), wider)
    assert (found.start, found.end) == (wider.start, wider.end)


@pytest.mark.parametrize("guessed", ["from", "to"])
def test_only_the_end_that_was_guessed_widens_nothing(guessed: str) -> None:
    wider = intent(start=START - timedelta(hours=1), end=END + timedelta(hours=1), missing=(guessed,))
    found = widen(intent(), wider)
    assert (found.start == START) is (guessed == "from")
    assert (found.end == END) is (guessed == "to")


@pytest.mark.parametrize("name", [*LIMITS])
def test_what_was_known_stays_and_what_was_not_is_filled_in(name: str) -> None:
    assert getattr(widen(intent(**{name: None}), intent(**{name: "new"})), name) == "new"
    assert getattr(widen(intent(**{name: "known"}), intent(**{name: None})), name) == "known"
    if name in ("place", "basis", "why"):
        assert getattr(widen(intent(**{name: "known"}), intent(**{name: "new"})), name) == "known"


def test_whose_hold_it_is_stays_when_it_is_widened() -> None:
    again = intent(op="019aa000-0000-7000-8000-0000000000ab", actor="x", device="y", missing=("from",))
    found = widen(intent(), again)
    assert (found.op, found.actor, found.device, found.missing) == (intent().op, intent().actor, intent().device, ())


def test_a_refused_move_says_which() -> None:
    with pytest.raises(IllegalMove) as caught:
        move(State.HELD, Cause.SENT)
    assert (caught.value.state, caught.value.cause) == (State.HELD, Cause.SENT)
    assert str(caught.value) == "sent does not lead out of held"
    assert move(State.RECEIVED, Cause.SENT) is State.SUBMITTED


def test_a_department_keeps_footage_ninety_days_unless_it_says_otherwise() -> None:
    """50 ILCS 706/10-20; and a start after the receipt cannot be true."""
    assert (POLICY.days, POLICY.pad_before, POLICY.pad_after) == (90, timedelta(minutes=2), timedelta(minutes=10))
    assert destroy_on(START, RECEIVED, POLICY) == START + timedelta(days=90)
    assert destroy_on(RECEIVED + timedelta(seconds=1), RECEIVED, HoldPolicy(days=1)) == RECEIVED + timedelta(days=1)
