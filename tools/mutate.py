"""Break the rules of sync/ one place at a time, and tell how many of the breaks a test notices: `make mutate`."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LEAST = 90.0
FOLDER = Path("mutants")
_FOUND = FOLDER / "mutmut-cicd-stats.json"
# A break that made a test wait for ever was noticed as well.
_NOTICED = ("killed", "timeout", "segfault")
_UNNOTICED = ("survived", "no_tests", "suspicious")


def share(stats: Mapping[str, int]) -> float:
    """Return how many per cent of the breaks were noticed; one that no test even reaches counts as not noticed."""
    noticed = sum(stats[each] for each in _NOTICED)
    return 100 * noticed / ((noticed + sum(stats[each] for each in _UNNOTICED)) or 1)


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    # With CI set, Hypothesis tries the same examples each time, so that two runs give one figure.
    calm = {**os.environ, "CI": "1"}
    jobs = str(os.cpu_count() or 1)
    for words in (["run", "--max-children", jobs], ["export-cicd-stats"]):
        failed = subprocess.run([mutmut, *words], env=calm, check=False).returncode
        if failed:
            print(f"mutmut {words[0]} did not come to an end; what it said stands above.")
            return failed
    stats = json.loads(_FOUND.read_text(encoding="utf-8"))
    found = share(stats)
    told = ", ".join(f"{stats[each]} {each.replace('_', ' ')}" for each in (*_NOTICED, *_UNNOTICED))
    print(f"{found:.1f} % of {stats['total']} breaks were noticed ({told}); at least {LEAST:.0f} % are needed.")
    print("`mutmut results` lists the others, `mutmut show <name>` shows one.")
    return 0 if found >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
