"""What no tracked file may hold, and what the house style counts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written in pieces, so that this file does not hold what it looks for.
_REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm", "yarn" + r"pkg\.com"))
)
_MACHINES = re.compile(
    r"(?<![A-Za-z0-9_.~-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "home/" + r"\w+", "Users/" + r"\w+")) + ")/"
)
_BINARY = {".png", ".ico", ".jpg", ".jpeg", ".woff2", ".webp"}
_GENERATED = re.compile(r"schema\.d\.ts$|^migrations/versions/|package-lock\.json$")
# Near 300 is the rule; what is well past it is found here.
_LONGEST_MODULE = 320


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def _lines() -> list[tuple[str, int, str]]:
    return [
        (str(path.relative_to(ROOT)), number, line)
        for path in _tracked()
        if path.suffix not in _BINARY
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
    ]


def _places(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}:{number}" for name, number, line in _lines() if pattern.search(line)]


def test_no_registry_is_named() -> None:
    """A lock file that names a registry would send every later user to the mirror of whoever made it."""
    assert _places(_REGISTRIES) == []


def test_no_path_of_one_machine() -> None:
    assert _places(_MACHINES) == []


def test_every_python_requirement_is_hashed() -> None:
    """`pip install --require-hashes` must work on every lock file."""
    for lock in ROOT.glob("requirements*.lock"):
        for block in re.split(r"\n(?=[a-z0-9])", lock.read_text()):
            if "==" in block:
                assert "--hash=sha256:" in block, f"{lock.name}: {block.splitlines()[0]}"


@pytest.mark.parametrize("suffix", [".py", ".ts", ".svelte"])
def test_modules_stay_short(suffix: str) -> None:
    """House style: well past 300 lines, look for the second thing inside."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in _tracked()
        if path.suffix == suffix
        and not _GENERATED.search(str(path.relative_to(ROOT)))
        and (count := len(path.read_text().splitlines())) > _LONGEST_MODULE
    }
    assert long == {}


def test_sync_needs_only_the_standard_library() -> None:
    """DESIGN: the rules of the sync layer are pure; they import nothing but themselves and the standard library."""
    allowed = sys.stdlib_module_names | {"sync"}
    imported = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "sync").rglob("*.py")
        for name in re.findall(r"^\s*(?:from|import)\s+([A-Za-z_]\w*)", path.read_text(), re.MULTILINE)
    }
    assert {(path, name) for path, name in imported if name not in allowed} == set()


def test_development_has_the_versions_that_run() -> None:
    """One installation serves both, so what is tested must be what runs."""
    pins = [
        dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0].items() <= pins[1].items()
