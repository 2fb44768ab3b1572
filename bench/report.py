"""Figures, their table, and the file that other programs read."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

REPORT = Path(__file__).parent / "report.json"


def machine() -> str:
    """Describe this machine as far as it explains a figure."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


@dataclass(frozen=True)
class Figure:
    """One measured value: `value` is the median of `runs`, each in `unit`; `durability` says what was on disk when."""

    name: str
    value: float
    unit: str
    runs: list[float]
    durability: str
    machine: str = field(default_factory=machine)
    note: str = ""


def figure(name: str, unit: str, runs: list[float], durability: str, note: str = "") -> Figure:
    return Figure(name, round(median(runs), 2), unit, [round(run, 2) for run in runs], durability, note=note)


def table(figures: list[Figure]) -> str:
    """Lay the figures out for reading."""
    width = max(len(each.name) for each in figures)
    lines = [f"{'name':<{width}}  {'median':>10}  unit"]
    for each in figures:
        spread = f"{min(each.runs):g} to {max(each.runs):g} in {len(each.runs)} runs"
        lines.append(f"{each.name:<{width}}  {each.value:>10g}  {each.unit}  ({spread}; {each.durability}) {each.note}")
    return "\n".join(lines)


def write(figures: list[Figure]) -> None:
    """Write the report; a run of one measurement keeps the other figures that the file holds."""
    known = {each["name"]: each for each in json.loads(REPORT.read_text())} if REPORT.exists() else {}
    known.update({each.name: asdict(each) for each in figures})
    REPORT.write_text(json.dumps(list(known.values()), indent=1) + "\n")
