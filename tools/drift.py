"""Fail when what is generated from the application is not what is committed: the API's description and its types."""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
_API = ROOT / "pwa" / "src" / "api"


def main() -> int:
    """Generate both files aside and compare. Returns 1 with the first differences when one is out of date."""
    with tempfile.TemporaryDirectory() as folder:
        spec, types = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        subprocess.run([sys.executable, "-m", "server.cli", "openapi", str(spec)], cwd=ROOT, check=True)
        generator = ROOT / "pwa" / "node_modules" / ".bin" / "openapi-typescript"
        command = [str(generator), str(spec), "-o", str(types)]
        subprocess.run(command, cwd=ROOT / "pwa", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stale = [name for name in (spec.name, types.name) if _differs(_API / name, Path(folder) / name)]
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make api` and commit what it writes.", file=sys.stderr)
    return 1 if stale else 0


def _differs(committed: Path, generated: Path) -> bool:
    before = committed.read_text().splitlines() if committed.exists() else []
    after = generated.read_text().splitlines()
    lines = list(difflib.unified_diff(before, after, f"{committed.name} as committed", "as generated", lineterm=""))
    print("\n".join(lines[:40]), end="\n" if lines else "")
    return bool(lines)


if __name__ == "__main__":
    raise SystemExit(main())
