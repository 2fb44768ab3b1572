"""`python -m tests.simulation`: the simulation at length, on both databases side by side."""

import argparse
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.config import Settings
from tests.simulation.run import Tally, simulate, world_on
from tests.simulation.world import World
from tests.support.databases import Maker, PostgresMaker, SqliteMaker, Templates
from tools.scratch import scratch_folder
from tools.services import Postgres

KINDS = ("sqlite", "postgresql")


@contextmanager
def world_of(kind: str) -> Iterator[World]:
    """Lend a world of its own, outside of pytest."""
    folder = scratch_folder("holdfast-simulation-")
    settings = Settings(
        mode="test",
        secret_key="only-for-tests-0123456789-abcdefghijklm",
        signing_key_file=folder / "server.pem",
        blob_dir=folder / "blobs",
    )
    postgres = Postgres() if kind == "postgresql" else None
    try:
        maker: Maker = PostgresMaker(postgres) if postgres else SqliteMaker(Path(folder))
        template = Templates(maker, settings).name(False)
        with world_on(maker, settings, template) as world:
            yield world
    finally:
        if postgres:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run as many steps as are asked for; 1 where a promise was broken."""
    asked = _arguments()
    if asked.only:
        return _run(asked.only, asked.steps, asked.seed)
    print(f"Repeat this run with: make simulate SEED={asked.seed} STEPS={asked.steps}", flush=True)
    given = [f"--steps={asked.steps}", f"--seed={asked.seed}"]
    command = [sys.executable, "-m", "tests.simulation", *given]
    running = [subprocess.Popen([*command, f"--only={kind}"]) for kind in KINDS]
    return max(each.wait() != 0 for each in running)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="on each database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats a run")
    parser.add_argument("--only", choices=KINDS, help="one database")
    return parser.parse_args()


def _run(kind: str, steps: int, seed: int) -> int:
    begun = time.perf_counter()

    def tell(tally: Tally) -> None:
        minutes = (time.perf_counter() - begun) / 60
        print(
            f"{kind:<10}  {tally.steps:>7,} of {tally.wanted:,} steps  {minutes:5.1f} min  {tally.told()}", flush=True
        )

    with world_of(kind) as world:
        simulate(world, steps, seed, tell=tell)
    print(f"{kind}: every promise held.", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
