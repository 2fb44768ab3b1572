"""How long to wait before a job runs again."""

import secrets
from datetime import timedelta

BASE_SECONDS = 1.0
CAP_SECONDS = 300.0
_chance = secrets.SystemRandom()


def ceiling(attempts: int, base: float = BASE_SECONDS, cap: float = CAP_SECONDS) -> float:
    """Return the longest wait, in seconds, after so many attempts: doubling from `base` up to `cap`."""
    return min(cap, base * 2.0 ** min(max(attempts, 1) - 1, 32))


def full_jitter(attempts: int, base: float = BASE_SECONDS, cap: float = CAP_SECONDS) -> timedelta:
    """Return a wait between nothing and the ceiling, so that many workers do not come back at once."""
    return timedelta(seconds=_chance.uniform(0.0, ceiling(attempts, base, cap)))
