"""Retries spread out and never wait longer than the cap."""

from hypothesis import given
from hypothesis import strategies as st

from server.outbox import backoff


@given(st.integers(0, 10_000))
def test_a_wait_is_between_nothing_and_the_ceiling(attempts: int) -> None:
    wait = backoff.full_jitter(attempts).total_seconds()
    assert 0 <= wait <= backoff.ceiling(attempts) <= backoff.CAP_SECONDS


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    ceilings = [backoff.ceiling(attempts, base=1, cap=300) for attempts in range(1, 12)]
    assert ceilings == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_many_workers_do_not_come_back_at_once() -> None:
    assert len({backoff.full_jitter(8) for _ in range(50)}) == 50
