"""What an officer's phone loads the first time: every file that the field part needs, gzipped as a server sends it."""

import gzip
import json
from pathlib import Path
from typing import Any

from bench.report import Figure, figure

DIST = Path(__file__).parents[1] / "pwa" / "dist"
ENTRY, PART = "index.html", "src/field/Field.svelte"


def measure() -> list[Figure]:
    """Follow the build's manifest from the page and from the officer's part; sum the gzipped sizes (level 6)."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    files = {ENTRY} | _closure(manifest, ENTRY) | _closure(manifest, PART)
    size = sum(len(gzip.compress((DIST / each).read_bytes(), 6)) for each in files)
    return [figure("first_load_officer_kb_gzip", "KB", [size / 1000], "not stored", f"{len(files)} files, budget 120")]


def _closure(manifest: dict[str, dict[str, Any]], start: str) -> set[str]:
    """Return the files that a part needs, following static imports but not dynamic ones."""
    files: set[str] = set()
    todo, seen = [start], set()
    while todo:
        key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        entry = manifest[key]
        files.add(str(entry["file"]))
        files.update(entry.get("css", []))
        todo += entry.get("imports", [])
    return files
