"""Whether a push takes longer where a million ops are stored than where a thousand are."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median

from bench.cast import deliver, equip, preparing
from bench.filling import check, duplicate, fill, to_postgresql
from bench.line import Line, request_of
from bench.multiply import marks, pattern, twins
from bench.report import Figure, figure
from bench.reports import OPS_A_REPORT, write_report
from bench.server import migrate, running, settings_for, settle, stored_ops
from bench.words import prose
from demo.phone import Phone
from demo.wire import http as over_http
from server.config import Settings
from tools.services import Postgres

DEVICES, REPORTS, TOGETHER = 1000, 50, 5
# Verifying every signature of a million ops takes longer than all the rest; what these copies hold, the others do too.
VERIFIED = 20
ROUNDS, PUSHES, WARM_UP = 5, 60, 20
LENGTH = 250


@dataclass
class Side:
    """A phone with a server of its own, to be compared with one on another database."""

    base: str
    phone: Phone
    line: Line
    chance: Random

    def push(self, report: str) -> float:
        """Save one op in a report of the phone's own and push it; return how long the push took."""
        self.phone.edit(report, {"narrative": prose(self.chance, LENGTH)})
        body = json.dumps({"ops": self.phone.pending, "unsent": 0}, separators=(",", ":")).encode()
        request = request_of(self.base, "POST", "/api/push", self.phone.token, body)
        began = time.perf_counter()
        answer = self.line.ask(request)
        took = time.perf_counter() - began
        if answer.head.status != 200 or [each["verdict"] for each in answer.json["receipts"]] != ["applied"]:
            raise SystemExit(f"push_growth_ratio_1m: a push failed: {answer.head.status} {answer.body[:300]!r}")
        self.phone.pending.clear()
        self.phone.beacon = answer.json["beacon"]
        return took


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as given:
        folder = Path(given)
        phone, reports = _fill(folder)
        server = Postgres(fsync=True)
        try:
            small, large = (_of_postgresql(server, folder, name) for name in ("small", "large"))
            on_postgresql = _compare(phone, reports, folder, small, large)
            on_sqlite = _compare(phone, reports, folder, _of_sqlite(folder, "small"), _of_sqlite(folder, "large"))
        finally:
            server.stop()
    return [
        _figure("push_growth_ratio_1m", on_postgresql, "PostgreSQL 18, fsync on"),
        _figure("push_growth_ratio_1m_sqlite", on_sqlite, "SQLite, WAL, synchronous=FULL"),
    ]


def _figure(name: str, rounds: list[tuple[float, float]], durability: str) -> Figure:
    small, large = (median(each) * 1000 for each in zip(*rounds, strict=True))
    note = (
        f"one op a push, one client, pushes to both in turn: {large:.1f} ms where {DEVICES * REPORTS * OPS_A_REPORT} "
        f"ops of {DEVICES} devices are stored, {small:.1f} ms where {REPORTS * OPS_A_REPORT} of one are"
    )
    return figure(name, "ratio", [many / few for few, many in rounds], durability, note)


def _fill(folder: Path) -> tuple[Phone, list[str]]:
    """Let one device deliver its reports; copy that database, and give the copy's other devices the same."""
    small, large = folder / "small.db", folder / "large.db"
    with preparing(_of_sqlite(folder, "small")) as app:
        earlier, phone, *others = equip(app, DEVICES + 1)
        earlier.edit(earlier.new_id(), {"narrative": "Written before, so that a statement of the server is known."})
        deliver(earlier)
        phone.beacon, since = earlier.beacon, marks(small)
        reports = [write_report(phone, Random(place)) for place in range(REPORTS)]
        deliver(phone, TOGETHER)
        known = pattern(small, phone, since)
        check(1 + REPORTS * OPS_A_REPORT)
    duplicate(small, large)
    devices = twins(others)
    with preparing(_of_sqlite(folder, "large")):
        fill(large, known, devices[:VERIFIED])
        check(1 + (1 + VERIFIED) * REPORTS * OPS_A_REPORT)
        fill(large, known, devices[VERIFIED:])
    return phone, reports


def _of_sqlite(folder: Path, name: str) -> Settings:
    return settings_for(f"sqlite:///{folder}/{name}.db", folder)


def _of_postgresql(server: Postgres, folder: Path, name: str) -> Settings:
    settings = settings_for(server.create(name), folder)
    migrate(settings)
    to_postgresql(folder / f"{name}.db", settings.database_url)
    settle(settings.database_url)
    return settings


def _compare(
    phone: Phone, reports: list[str], folder: Path, small: Settings, large: Settings
) -> list[tuple[float, float]]:
    """Return the median time of a push to either database, a pair for each round of pushes to both in turn."""
    before = [stored_ops(each.database_url) for each in (small, large)]
    if before != [1 + devices * REPORTS * OPS_A_REPORT for devices in (1, DEVICES)]:
        raise SystemExit(f"push_growth_ratio_1m: the databases hold {before} ops")
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(phone, folder, each)) for each in (small, large)]
        chance = Random(0)
        for report in chance.choices(reports, k=WARM_UP):
            for side in sides:
                side.push(report)
        rounds = [_round(sides, chance.choices(reports, k=PUSHES)) for _ in range(ROUNDS)]
    added = [stored_ops(each.database_url) - old for each, old in zip((small, large), before, strict=True)]
    if added != [WARM_UP + ROUNDS * PUSHES] * 2:
        raise SystemExit(f"push_growth_ratio_1m: {WARM_UP + ROUNDS * PUSHES} ops were pushed to each, {added} came")
    return rounds


@contextmanager
def _side(phone: Phone, folder: Path, settings: Settings) -> Iterator[Side]:
    with running(settings, folder) as server:
        own = replace(phone, transport=over_http(server.base), heads=dict(phone.heads), pending=[], token="").sign_in()
        yield Side(server.base, own, Line(server.base), Random(1))


def _round(sides: list[Side], reports: list[str]) -> tuple[float, float]:
    small, large = zip(*([side.push(report) for side in sides] for report in reports), strict=True)
    return median(small), median(large)
