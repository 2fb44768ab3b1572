"""What an officer's phone loads the first time: every file that the field part needs, gzipped as a server sends it."""

import gzip
import json
from pathlib import Path

from bench.report import Figure, figure

DIST = Path(__file__).parents[1] / "pwa" / "dist"
ENTRY, PART = "index.html", "src/field/Field.svelte"


def measure() -> list[Figure]:
    """Follow the build's manifest from the page and from the officer's part; sum the gzipped sizes (level 6).

    Two figures: what must come before the home screen works, and with the screens that follow behind it.
    """
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    first = {ENTRY} | _closure(manifest, [ENTRY, PART])
    later = [str(each) for each in manifest[PART].get("dynamicImports", [])]
    whole = first | _closure(manifest, later)
    return [
        figure("first_load_officer_kb_gzip", "KB", [_size(first)], "not stored", f"{len(first)} files, budget 120"),
        figure("officer_part_whole_kb_gzip", "KB", [_size(whole)], "not stored", f"{len(whole)} files"),
    ]


def _size(files: set[str]) -> float:
    return sum(len(gzip.compress((DIST / each).read_bytes(), 6)) for each in files) / 1000


def _closure(manifest: dict[str, dict[str, list[str]]], start: list[str]) -> set[str]:
    """Return the files that some parts need, following static imports but not dynamic ones."""
    files: set[str] = set()
    todo, seen = list(start), set()
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
