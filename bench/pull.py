"""How long a desk needs to have its district's 5,000 reports, from nothing: until all of them are parsed."""

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.cast import deliver, equip, preparing
from bench.line import Line, request_of
from bench.report import Figure, figure
from bench.server import ACCEPTED, running, settings_for, settle
from bench.words import prose
from demo.phone import Phone
from tools.services import Postgres

REPORTS, OFFICERS, RUNS = 5000, 50, 7
# What one edit of this length makes of a report is about 1 KB of the feed.
LENGTH = 350
# The server's largest page, and the one that the app asks for.
LARGEST, OF_THE_APP = 1000, 100


@dataclass
class Walk:
    """One way from zero to the feed's end."""

    seconds: float
    reports: set[str]
    wire: int
    plain: int
    encoding: str


def measure() -> list[Figure]:
    server = Postgres(fsync=True)
    try:
        figures = _measure("pull_5000_reports_s", server.create("bench"), "PostgreSQL 18, fsync on")
    finally:
        server.stop()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        url = f"sqlite:///{folder}/bench.db"
        return figures + _measure("pull_5000_reports_s_sqlite", url, "SQLite, WAL, synchronous=FULL")


def _measure(name: str, url: str, durability: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as given:
        folder = Path(given)
        settings = settings_for(url, folder)
        with preparing(settings) as app:
            desk = equip(app, 1, "desk")[0]
            made = {report for phone in equip(app, OFFICERS) for report in _write(phone)}
        settle(url)
        with running(settings, folder) as server:
            walks = _repeat(RUNS, lambda: _walk(server.base, desk.token, LARGEST, ACCEPTED))
            gzipped = _repeat(3, lambda: _walk(server.base, desk.token, LARGEST, "gzip"))
            small = _repeat(3, lambda: _walk(server.base, desk.token, OF_THE_APP, ACCEPTED))
    if any(walk.reports != made for walk in (*walks, *gzipped, *small)):
        raise SystemExit(f"{name}: a walk did not bring exactly the {len(made)} reports that were written")
    one = walks[0]
    note = (
        f"until {len(made)} reports are decompressed and parsed; pages of {LARGEST}; {one.encoding}: "
        f"{one.wire / 1e6:.2f} MB on the wire with heads, {one.plain / 1e6:.2f} MB of JSON; "
        f"with gzip {_middle(gzipped):.2f} s, {gzipped[0].wire / 1e6:.2f} MB; "
        f"in the app's pages of {OF_THE_APP} {_middle(small):.2f} s"
    )
    return [figure(name, "s", [walk.seconds for walk in walks], durability, note)]


def _write(phone: Phone) -> list[str]:
    """Save one officer's share of reports, one op each, and put them into the database by the one door."""
    chance = Random(phone.person.username)
    reports = [phone.new_id() for _ in range(REPORTS // OFFICERS)]
    for report in reports:
        phone.edit(report, {"narrative": prose(chance, LENGTH)})
    deliver(phone)
    return reports


def _repeat(times: int, walk: Callable[[], Walk]) -> list[Walk]:
    walk()
    return [walk() for _ in range(times)]


def _middle(walks: list[Walk]) -> float:
    return sorted(walk.seconds for walk in walks)[len(walks) // 2]


def _walk(base: str, token: str, limit: int, accepted: str) -> Walk:
    walk = Walk(0.0, set(), 0, 0, "")
    # Python's collector would walk through all that was parsed, again and again; a browser's JSON.parse does not.
    gc.collect()
    gc.disable()
    cursor, began = "", time.perf_counter()
    line = Line(base)
    while True:
        target = f"/api/pull?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        answer = line.ask(request_of(base, "GET", target, token, headers={"Accept-Encoding": accepted}))
        if answer.head.status != 200:
            raise SystemExit(f"a pull failed: {answer.head.status} {answer.body[:300]!r}")
        page = answer.json
        walk.reports.update(change["report"] for change in page["changes"])
        walk.wire += sum(answer.came)
        walk.plain += len(answer.body)
        if not page["more"]:
            break
        cursor = page["cursor"]
    walk.seconds = time.perf_counter() - began
    gc.enable()
    line.close()
    walk.encoding = answer.head.headers.get("content-encoding", "not compressed")
    return walk
