"""What a `hold` op asks for, complete or not, and what a second op for the same footage adds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.holds import BadHold, HoldIntent, HoldPolicy, intent_of, widen
from tests.unit.holds.builders import END, FOOTAGE, REPORT, START, hold_op, intent

POLICY = HoldPolicy()
RECEIVED = datetime(2026, 2, 4, 3, 0, tzinfo=UTC)
FULL = {
    "kind": "bwc",
    "wearer_star": "12345",
    "device_serial": "X81-200",
    "from": "2026-02-03T15:05:00-06:00",
    "to": "2026-02-03T15:40:00-06:00",
    "basis": "officer_request",
    "why": "Agents used force.",
}
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_a_full_hold_is_read_as_given() -> None:
    found = intent_of(hold_op(FULL), POLICY, RECEIVED)
    assert (found.intent, found.report, found.kind) == (FOOTAGE, REPORT, "bwc")
    assert (found.start, found.end, found.missing) == (START, END, ())
    assert (found.wearer_star, found.device_serial, found.basis) == ("12345", "X81-200", "officer_request")


def test_a_hold_without_times_covers_the_moment_it_was_asked_for() -> None:
    """Two taps at the scene are enough: asking early beats asking fully."""
    asked = datetime(2026, 2, 3, 21, 41, tzinfo=UTC)
    found = intent_of(hold_op({"kind": "bwc"}), POLICY, RECEIVED)
    assert (found.start, found.end) == (asked - timedelta(minutes=2), asked + timedelta(minutes=10))
    assert found.missing == ("from", "to")


def test_a_clock_that_runs_ahead_does_not_ask_for_the_future() -> None:
    found = intent_of(hold_op({}, wall="2031-01-01T00:00:00Z"), POLICY, RECEIVED)
    assert found.start < RECEIVED < found.end


@pytest.mark.parametrize("text", ["yesterday", "", None, 5, "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"])
def test_an_unreadable_time_is_missing_and_stops_nothing(text: object) -> None:
    found = intent_of(hold_op({**FULL, "from": text}), POLICY, RECEIVED)
    assert found.missing == ("from",)
    assert found.end == END


def test_a_time_without_an_offset_is_the_devices_own() -> None:
    assert intent_of(hold_op({**FULL, "from": "2026-02-03T15:05:00"}), POLICY, RECEIVED).start == START


@pytest.mark.parametrize("text", ["Force\ud83d.", "Force\0.", "\udc00Force.\0"])
def test_a_text_that_no_database_takes_is_mended(text: str) -> None:
    found = intent_of(hold_op({**FULL, "why": text, "place": "\ud83d"}), POLICY, RECEIVED)
    assert (found.why, found.place) == ("Force.", None)


def test_a_reversed_window_is_turned() -> None:
    found = intent_of(hold_op({**FULL, "from": FULL["to"], "to": FULL["from"]}), POLICY, RECEIVED)
    assert (found.start, found.end) == (START, END)


def test_a_hold_is_about_one_footage_entity() -> None:
    with pytest.raises(BadHold) as caught:
        intent_of(hold_op(FULL, entity="report"), POLICY, RECEIVED)
    assert caught.value.reason == "hold_needs_one_footage"


def test_the_same_again_widens_nothing() -> None:
    """P5: whoever compares sees that there is nothing to tell the custodian."""
    known = intent_of(hold_op(FULL), POLICY, RECEIVED)
    again = intent_of(hold_op(FULL, id="019aa000-0000-7000-8000-0000000000ab"), POLICY, RECEIVED)
    assert widen(known, again) == known


def test_a_narrower_window_narrows_nothing() -> None:
    known = intent()
    assert widen(known, intent(start=START + timedelta(minutes=5), end=END - timedelta(minutes=5))) == known


def test_a_guessed_window_widens_nothing() -> None:
    """A repeat that carries no times must not stretch the hold to the moment of the repeat."""
    repeat = intent(start=END + timedelta(hours=5), end=END + timedelta(hours=6), missing=("from", "to"))
    assert widen(intent(), repeat) == intent()


def test_what_was_unknown_is_filled_in() -> None:
    found = widen(intent(device_serial=None, why=None), intent(device_serial="X81-200", why="Force."))
    assert (found.device_serial, found.why) == ("X81-200", "Force.")


@pytest.mark.parametrize("name", ["kind", "wearer_star", "device_serial"])
def test_another_camera_is_another_hold(name: str) -> None:
    """Following the newer star would drop the footage asked for first; keeping the older would lose the second."""
    with pytest.raises(BadHold) as caught:
        widen(intent(**{name: "a"}), intent(**{name: "b"}))
    assert caught.value.reason == "hold_names_other_camera"


def test_a_hold_belongs_to_one_report() -> None:
    with pytest.raises(BadHold) as caught:
        widen(intent(), intent(report="019aa000-0000-7000-8000-000000000002"))
    assert caught.value.reason == "hold_of_other_report"


def _window(one: datetime, other: datetime) -> HoldIntent:
    return intent(start=min(one, other), end=max(one, other))


@given(moments, moments, moments, moments)
def test_widening_keeps_both_windows_in_any_order(a: datetime, b: datetime, c: datetime, d: datetime) -> None:
    """P6: nothing that somebody asked for is ever left out, whichever op comes first."""
    one, other = _window(a, b), _window(c, d)
    both = widen(one, other)
    for each in (one, other):
        assert both.start <= each.start
        assert each.end <= both.end
    assert (both.start, both.end) == (widen(other, one).start, widen(other, one).end)
    assert widen(both, other) == both
