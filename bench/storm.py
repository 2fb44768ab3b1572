"""A thousand phones come back within ten seconds, after a day without a network, each with 20 ops and a hold."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text

from bench.cast import deliver, equip, misfit, preparing
from bench.line import request_of
from bench.phones import Batch, Load, Outcome, Wrong, storm
from bench.report import Figure, figure
from bench.server import THREADS, WORKERS, running, settings_for, settle
from bench.words import prose
from demo.device import sha256
from demo.phone import Phone
from tools.services import Postgres

PHONES, WITHIN, RUNS, MOST = 1000, 10.0, 3, 180.0
# How many of a phone's 20 text ops each of its reports has; the hold comes in the middle of the first.
TEXTS = (8, 6, 4, 2)
# An op of about 1 KB on the wire.
LENGTH = 250
_HOLD_AFTER = 4


def measure() -> list[Figure]:
    server = Postgres(fsync=True)
    try:
        runs = [_one(server.create(f"storm_{run}"), run) for run in range(RUNS)]
    finally:
        server.stop()
    outcomes = [outcome for outcome, _ in runs]
    drains, tails = [each.drained for each in outcomes], [_p99(each.pushes) for each in outcomes]
    on_disk = "PostgreSQL 18, fsync on"
    return [
        figure("reconnect_storm_drain_s", "s", drains, on_disk, _note(*runs[drains.index(sorted(drains)[RUNS // 2])])),
        figure(
            "reconnect_storm_push_p99_s",
            "s",
            tails,
            on_disk,
            "from before the connection is opened to the whole answer, the accept queue included; refused ones counted "
            f"apart: {[_refused(each) for each in outcomes]}",
        ),
    ]


def _note(outcome: Outcome, peaks: list[float]) -> str:
    ops, lead = PHONES * (sum(TEXTS) + 1), outcome.last_text - outcome.last_hold
    return (
        f"gunicorn, {WORKERS} workers of {THREADS} threads; {PHONES} phones within {WITHIN:g} s, from the first "
        f"connection until each of {ops} ops has its receipt and every phone pulled; the last hold had its receipt "
        f"{lead:.1f} s before the last text op (holds: p99 "
        f"{_p99(outcome.hold_waits):.1f} s after the phone came back); pulls p99 {_p99(outcome.pulls):.1f} s; "
        f"answers {dict(sorted(outcome.statuses.items()))}; "
        f"workers' memory at most {' and '.join(f'{each:.0f}' for each in peaks)} MB"
    )


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _refused(outcome: Outcome) -> int:
    return sum(count for status, count in outcome.statuses.items() if status != 200)


def _one(url: str, run: int) -> tuple[Outcome, list[float]]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as given:
        folder = Path(given)
        settings = settings_for(url, folder)
        with preparing(settings) as app:
            crowd = list(_phones(app, run))
        settle(url)
        before = _stored(url)
        acknowledged = folder / "acknowledged"
        with running(settings, folder) as server:
            loads = _loads(server.base, crowd, Random(run))
            try:
                outcome = storm(server.base, loads, acknowledged, MOST)
            except (Wrong, OSError, EOFError) as failed:
                raise SystemExit(f"reconnect_storm: {type(failed).__name__}: {failed}") from failed
            peaks = server.worker_peaks()
        if outcome.last_hold >= outcome.last_text:
            raise SystemExit("reconnect_storm: a hold got its receipt after the last text op")
        with preparing(settings):
            _check(before, _stored(url), acknowledged, crowd)
    return outcome, peaks


class Crowded:
    """A phone with what it signed while there was no network: its holds, and its other ops in the order of sending."""

    def __init__(self, phone: Phone, chance: Random):
        self.phone = phone
        self.intents: list[str] = []
        self.holds: list[str] = []
        reports = [phone.new_id() for _ in TEXTS]
        for report, count in zip(reports, TEXTS, strict=True):
            for number in range(count):
                if report == reports[0] and number == _HOLD_AFTER:
                    self._hold(report)
                phone.edit(report, {"narrative": prose(chance, LENGTH)})
        self.texts = [op for op in phone.pending if op not in self.holds]

    def _hold(self, report: str) -> None:
        at = self.phone.clock().isoformat(timespec="seconds")
        camera = {"kind": "bwc", "wearer_star": "12345", "from": at, "to": at}
        self.intents.append(self.phone.hold(report, camera))
        self.holds.append(self.phone.pending[-1])


def _phones(app: Flask, run: int) -> Iterator[Crowded]:
    """Equip officers who have pulled before, and let each write what a day without a network leaves."""
    phones = equip(app, PHONES)
    phones[0].edit(phones[0].new_id(), {"narrative": "Written before, so that a statement of the server is known."})
    deliver(phones[0])
    for place, phone in enumerate(phones):
        phone.pull()
        yield Crowded(phone, Random(run * PHONES + place))


def _loads(base: str, crowd: Sequence[Crowded], chance: Random) -> list[Load]:
    starts = sorted(chance.uniform(0, WITHIN) for _ in crowd)
    return [_load(base, each, at - starts[0]) for each, at in zip(crowd, starts, strict=True)]


def _load(base: str, each: Crowded, at: float) -> Load:
    phone = each.phone
    batches = [
        _batch(base, phone.token, each.holds, len(each.texts), holds=True),
        _batch(base, phone.token, each.texts, 0, holds=False),
    ]
    target = f"/api/pull?limit=100&cursor={phone.cursor}&device={phone.device}&unsent=0"
    pull = request_of(base, "GET", target, phone.token)
    return Load(at, batches, pull, len(each.holds) + len(each.texts))


def _batch(base: str, token: str, ops: list[str], unsent: int, *, holds: bool) -> Batch:
    body = json.dumps({"ops": ops, "unsent": unsent}, separators=(",", ":")).encode()
    return Batch(request_of(base, "POST", "/api/push", token, body), frozenset(map(sha256, ops)), holds)


@dataclass(frozen=True)
class Stored:
    """What the database says, each counted: ops by hash, holds by intent, jobs for holds by the hold's id."""

    ops: Counter[str]
    not_applied: int
    intents: Counter[str]
    holds: Counter[str]
    jobs: Counter[str]
    shown: int


def _stored(url: str) -> Stored:
    engine = create_engine(url)
    with engine.connect() as connection:

        def column(query: str) -> list[Any]:
            return list(connection.scalars(text(query)))

        found = Stored(
            ops=Counter(column("SELECT sha256 FROM op")),
            not_applied=column("SELECT count(*) FROM op WHERE verdict IS DISTINCT FROM 'applied'")[0],
            intents=Counter(column("SELECT intent FROM hold")),
            holds=Counter(column("SELECT id FROM hold")),
            jobs=Counter(each["hold"] for each in column("SELECT payload FROM outbox WHERE topic = 'hold.submit'")),
            shown=sum(json.loads(bytes(each))["ops"] for each in column("SELECT snapshot FROM report")),
        )
    engine.dispose()
    return found


def _check(before: Stored, after: Stored, acknowledged: Path, crowd: Sequence[Crowded]) -> None:
    """Compare what the phones were told with what is stored: nothing lost, nothing twice, one hold an intent."""
    sent = Counter(sha256(op) for each in crowd for op in (*each.holds, *each.texts))
    told = Counter(line.split()[1] for line in acknowledged.read_text().splitlines())
    unfit = misfit()
    wrong = {
        "what was acknowledged is not what was sent": told != sent,
        "what is stored is not what was acknowledged": after.ops - before.ops != told or before.ops - after.ops,
        f"{after.not_applied} ops were not applied": after.not_applied,
        "holds are not one an intent": after.intents != Counter(each for one in crowd for each in one.intents),
        "holds do not have one job each": after.jobs != after.holds,
        "the reports do not show each op once": after.shown != after.ops.total(),
        f"verification: {unfit}": unfit,
    }
    found = [what for what, is_so in wrong.items() if is_so]
    if found:
        raise SystemExit(f"reconnect_storm: {'; '.join(found)}")
