"""Running the machine for a number of steps, from a seed that repeats the run."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from server.config import Settings
from tests.simulation.machine import Machine
from tests.simulation.newer import Release
from tests.simulation.server import Server
from tests.simulation.shorten import shorten, told
from tests.simulation.world import World
from tests.support.databases import Maker

# Steps of one run, after which everything comes to rest and the next begins anew.
LENGTH = 80
_RUNS_AT_ONCE = 25
# For how long a failure may be made shorter.
_SECONDS = 120.0


@dataclass(frozen=True)
class Tally:
    """How far a run has come, and how often what happened in it."""

    steps: int
    wanted: int
    seen: Mapping[str, int]

    def told(self) -> str:
        """Say what a reader wants to know of it in a line."""
        names = ("ops", "conflict", "merged", "quarantined", "restored", "reset", "overlapped")
        return ", ".join(f"{self.seen.get(name, 0):,} {name}" for name in names)


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the server's log, which is full of what fails on purpose: only the broken promise is to be read."""
    silent = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            # The loggers keep what they were first set up with, so setting them up anew would change nothing.
            if name.startswith("server.") and hasattr(type(getattr(module, "log", None)), "bind"):
                stack.enter_context(patch.object(module, "log", silent))
        yield


@contextmanager
def world_on(maker: Maker, base: Settings, template: str) -> Iterator[World]:
    """Lend a world whose server runs on a database of its own, a copy of a migrated template."""
    server, release = Server(maker, base, template), Release()
    try:
        with quiet(), server, release.installed():
            yield World(server, release)
    finally:
        server.close()


def simulate(
    world: World, steps: int, first_seed: int, *, tell: Callable[[Tally], None], shortening: float = _SECONDS
) -> None:
    """Run until so many steps are done. Raises Broken, with the shortest way there that `shortening` seconds find.

    Each portion has a seed of its own, counted up from the first: so a failure is repeated without what ran before.
    """

    class Bound(Machine):
        pass

    Bound.world = world
    portion = 0
    while (left := steps - Bound.count) > 0:
        seed(first_seed + portion)(Bound)
        chosen = settings(
            max_examples=min(_RUNS_AT_ONCE, -(-left // LENGTH)),
            stateful_step_count=LENGTH,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(Bound, settings=chosen)
        except Exception as failed:
            again = f"SEED={first_seed + portion} STEPS={min(left, _RUNS_AT_ONCE * LENGTH)} ONLY={world.server.kind}"
            taken = list(Bound.fatal)
            # In the place of all the steps, which Hypothesis has noted.
            failed.__notes__ = [
                told(shorten(Bound, taken, failed, shortening), len(taken)),
                f"Repeat it with: make simulate {again}",
            ]
            raise
        portion += 1
        tell(Tally(Bound.count, steps, world.seen))
