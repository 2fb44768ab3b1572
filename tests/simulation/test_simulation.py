"""Every promise holds through thousands of steps of people, phones, a bad network and a failing server.

The seed is printed; `HOLDFAST_SEED=<seed>` in the environment repeats a run.
"""

import os
import secrets

import pytest

from server.config import Settings
from tests.conftest import KINDS
from tests.simulation.run import Tally, simulate, world_on
from tests.support.databases import Templates

STEPS = 2000
# What must have happened in a run of this length, else it proves less than it says.
_MET = {
    *("applied", "conflict", "quarantined", "bad_value"),
    *("restored", "reset", "holds", "left", "patched"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_promise_holds_after_each_of_two_thousand_steps(
    kind: str, templates: dict[str, Templates], base_settings: Settings
) -> None:
    seed = int(os.environ.get("HOLDFAST_SEED") or secrets.randbelow(1_000_000))
    print(f"HOLDFAST_SEED={seed}")
    met: list[Tally] = []
    with world_on(templates[kind].maker, base_settings, templates[kind].name(False)) as world:
        simulate(world, STEPS, seed, tell=met.append)
    assert met[-1].steps >= STEPS
    assert set(met[-1].seen) >= _MET
