"""Faults that the simulation must find: each is planted in a process of its own, which runs until it is caught.

`python -m tests.simulation.mutants` plants them all and prints a table; one that survives makes it fail. So does a
failure where nothing was planted.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from tests.simulation.__main__ import world_of
from tests.simulation.faults import FAULTS
from tests.simulation.run import simulate
from tests.simulation.steps import Stepping

NOTHING = "nothing planted"
_AT_ONCE = 2


@dataclass(frozen=True)
class Found:
    """What became of one mutant: the steps until it was caught and by which promise, or None where it survived."""

    mutant: str
    database: str
    steps: int
    promise: str | None
    said: str


def plant(name: str, steps: int, seed: int) -> Found:
    """Plant one fault in this process and run."""
    database = "sqlite"
    if name != NOTHING:
        database, install = FAULTS[name]
        install()
    Stepping.first = None
    try:
        with world_of(database) as world:
            simulate(world, steps, seed, tell=lambda _: None, shortening=0)
    except Exception as failed:
        if Stepping.first is None:
            return Found(name, database, 0, None, f"failed in another way: {type(failed).__name__}: {failed}"[:300])
        at, broken = Stepping.first
        return Found(name, database, at, broken.promise, str(broken)[:160])
    return Found(name, database, steps, None, "")


def _in_a_child(name: str, steps: int, seed: int) -> Found:
    command = [sys.executable, "-m", "tests.simulation.mutants", "--one", name, f"--steps={steps}", f"--seed={seed}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = Found(**json.loads(done.stdout.splitlines()[-1]))
    caught = f"after {found.steps:>5,} steps  {found.promise}" if found.promise else f"survived {found.steps:,} steps"
    print(f"{found.mutant:<28}  {found.database:<10}  {caught:<26}  {found.said}", flush=True)
    return found


def main() -> int:
    """Plant every fault; 1 where one survives, or where nothing was planted and something was found."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--steps", type=int, default=6000, help="after which a mutant has survived")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", choices=[NOTHING, *FAULTS], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(asdict(plant(asked.one, asked.steps, asked.seed))))
        return 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        names = [NOTHING, *FAULTS]
        found = list(pool.map(lambda name: _in_a_child(name, asked.steps, asked.seed), names))
    wrong = [
        each.mutant for each in found if (each.promise is None) != (each.mutant == NOTHING) or "failed" in each.said
    ]
    print(
        f"{len(FAULTS)} planted. " + (f"Not as it must be: {', '.join(wrong)}." if wrong else "Every one was caught.")
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
