"""The clock runs from the recording (50 ILCS 706/10-20), checked against counting on the calendar of Unix time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sync.holds import HoldPolicy, destroy_on

CHICAGO = ZoneInfo("America/Chicago")
POLICY = HoldPolicy()
moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2035, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, CHICAGO, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Kiritimati")]),
)


@given(moments, st.integers(1, 800), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_deadline_is_so_many_times_86400_seconds_after_the_recording(
    start: datetime, days: int, late: timedelta
) -> None:
    """Neither the zone, nor daylight saving, nor the time of sync moves it."""
    received = start.astimezone(UTC) + late
    found = destroy_on(start, received, HoldPolicy(days=days))
    assert found.timestamp() == start.timestamp() + days * 86400
    assert found.utcoffset() == timedelta(0)


def test_daylight_saving_does_not_move_it() -> None:
    """The night of 8 March 2026 has 23 hours in Chicago; the footage does not live an hour longer for it."""
    start = datetime(2026, 2, 1, 12, 0, tzinfo=CHICAGO)
    found = destroy_on(start, start.astimezone(UTC), POLICY).astimezone(CHICAGO)
    assert (found.month, found.day, found.hour) == (5, 2, 13)


def test_a_recording_from_the_future_buys_no_time() -> None:
    received = datetime(2026, 2, 3, tzinfo=UTC)
    assert destroy_on(received + timedelta(days=30), received, POLICY) == received + timedelta(days=90)
