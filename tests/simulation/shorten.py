"""The shortest way to a failure that is found in a while: steps are taken out as long as it stays the same failure.

Hypothesis could do it too, but tries other numbers and other steps for many minutes. A run of which only the steps are
taken that matter says more, and sooner.
"""

import time
from collections.abc import Sequence
from typing import Any

from tests.simulation.steps import Stepping, Taken


def shorten(machine: type[Stepping], steps: Sequence[Taken], failed: BaseException, seconds: float) -> list[Taken]:
    """Return as few of the steps as still fail so. The first one, which begins the shift, is always among them."""
    ends = time.perf_counter() + seconds
    found, size = list(steps), len(steps) // 2
    while size and time.perf_counter() < ends:
        at, shorter = 1, False
        while at < len(found) and time.perf_counter() < ends:
            tried = [*found[:at], *found[at + size :]]
            if type(_failure_of(machine, tried)) is type(failed):
                found, shorter = tried, True
            else:
                at += size
        # One at a time they are gone through until nothing more can go.
        size = size if shorter and size == 1 else size // 2
    return found


def told(steps: Sequence[Taken], of: int) -> str:
    """Return the steps as a reader wants them."""
    lines = [f"  {name}({', '.join(f'{one}={value!r}' for one, value in given.items())})" for name, given in steps]
    return "\n".join([f"The shortest way there that was found, {len(steps)} of {of} steps:", *lines])


def _failure_of(machine: type[Stepping], steps: Sequence[Taken]) -> BaseException | None:
    class Again(machine):  # type: ignore[misc, valid-type]
        """Counts for itself."""

    again = Again()
    try:
        for name, given in steps:
            act: Any = getattr(again, name)
            act(**given)
        again.end()
    except Exception as failed:
        return failed
    return None
