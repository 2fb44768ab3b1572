"""P10: the doorbell may be silent and workers may die; holds go on. Real processes, real Redis, real RQ."""

import json
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis as RedisClient
from sqlalchemy import select

from demo.processes import Child
from server import outbox
from server.config import Settings
from server.db import db
from server.outbox import doorbell
from server.outbox.models import OutboxRow
from server.outbox.worker import _Answering
from sync.holds import State
from tests.integration.holds.tracker import Tracker
from tests.support.custodians import SECRET, Line, late
from tools.services import Redis

ROOT = Path(__file__).parents[3]
Work = Callable[..., Child]


@pytest.fixture
def work(settings: Settings, tmp_path: Path) -> Iterator[Work]:
    """Return a function that starts a worker process on the test's database; all are stopped afterwards."""
    own = {
        "HOLDFAST_MODE": "test",
        "HOLDFAST_SECRET_KEY": settings.secret_key,
        "HOLDFAST_DATABASE_URL": settings.database_url,
        "HOLDFAST_SIGNING_KEY_FILE": str(settings.signing_key_file),
        "HOLDFAST_CUSTODIAN_URL": settings.custodian_url or "",
        "HOLDFAST_CUSTODIAN_SECRET": SECRET,
        "HOLDFAST_SWEEP_SECONDS": "0.1",
    }
    with ExitStack() as stack:

        def start(redis_url: str | None = None) -> Child:
            env = {**os.environ, **own, "HOLDFAST_REDIS_URL": redis_url or ""}
            name = f"worker-{len(list(tmp_path.glob('worker-*.log')))}"
            child = Child(
                name, [sys.executable, "-m", "server.cli", "worker"], tmp_path / f"{name}.log", env=env, cwd=ROOT
            )
            stack.callback(child.stop)
            return child

        yield start


@pytest.fixture
def with_redis(app: Flask, redis_server: Redis) -> Redis:
    """Configure Redis for the application; the settings of a running one are otherwise frozen."""
    app.extensions["settings"] = replace(app.extensions["settings"], redis_url=redis_server.url)
    return redis_server


def test_without_redis_the_sweeper_does_it_all(tracker: Tracker, work: Work) -> None:
    intent = tracker.ask()
    work()
    tracker.wait(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def _answer(app: Flask, url: str, stop: threading.Event, burst: bool) -> None:
    """Run RQ in this process, and give the process its signal handlers back."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Answering(app, url, stop).work(burst=burst, logging_level="WARNING")
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_the_doorbell_brings_rq(tracker: Tracker, with_redis: Redis) -> None:
    """RQ alone, without a sweeper beside it, takes a hold to its end: every job on the way was rung for."""
    intent = tracker.ask()
    _answer(tracker.app, with_redis.url, threading.Event(), burst=True)
    assert tracker.state(intent) == State.HELD
    assert len(tracker.at_custodian(intent)) == 1


def test_a_stop_while_rq_starts_is_not_overlooked(tracker: Tracker, with_redis: Redis) -> None:
    """The signal came before RQ's own handlers stood; it must not wait until RQ has been idle for long."""
    stop = threading.Event()
    stop.set()
    started = time.monotonic()
    _answer(tracker.app, with_redis.url, stop, burst=False)
    assert time.monotonic() - started < 10


def test_the_sweeper_lets_rq_come_first(tracker: Tracker, with_redis: Redis) -> None:
    """A row that was just rung for is left to RQ; one that RQ did not come for is not."""
    intent = tracker.ask()
    assert outbox.sweep(tracker.app) == 0
    tracker.step()
    assert tracker.state(intent) == State.ACKNOWLEDGED


def test_what_goes_over_redis_is_an_id_as_json(tracker: Tracker, with_redis: Redis) -> None:
    """Never a pickle, never content: whoever reads Redis learns nothing, whoever writes it can run nothing."""
    tracker.ask()
    client = RedisClient.from_url(with_redis.url)
    (job,) = client.lrange("rq:queue:holds", 0, -1)
    stored = client.hgetall(b"rq:job:" + job)
    row = db.session.scalars(select(OutboxRow.id)).one()
    assert json.loads(zlib.decompress(stored[b"data"])) == [doorbell.JOB, None, [row], {}]


def test_with_redis_down_the_push_succeeds_and_the_sweeper_delivers(
    tracker: Tracker, work: Work, with_redis: Redis
) -> None:
    with_redis.halt()
    started = time.monotonic()
    intent = tracker.ask()
    assert time.monotonic() - started < 5
    work(with_redis.url)
    tracker.wait(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def test_a_redis_that_forgets_loses_nothing(tracker: Tracker, work: Work, with_redis: Redis) -> None:
    intent = tracker.ask()
    with_redis.flush()
    work(with_redis.url)
    tracker.wait(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def test_rq_comes_back_with_redis(tracker: Tracker, work: Work, with_redis: Redis) -> None:
    with_redis.halt()
    worker = work(with_redis.url)
    tracker.wait(tracker.ask(), State.HELD)
    with_redis.start()
    client = RedisClient.from_url(with_redis.url)
    _until(lambda: bool(client.smembers("rq:workers")))
    assert worker.alive


def test_two_workers_and_the_doorbell_make_one_hold_each(tracker: Tracker, work: Work, with_redis: Redis) -> None:
    intents = [tracker.ask() for _ in range(10)]
    work(with_redis.url), work(with_redis.url)
    for intent in intents:
        tracker.wait(intent, State.HELD)
        (kept,) = tracker.at_custodian(intent)
        assert kept["deliveries"] == 1
        assert tracker.causes(intent) == ["received", "sent", "acknowledged", "read_back"]


def test_a_worker_killed_in_the_middle_is_taken_over(tracker: Tracker, work: Work, line: Line) -> None:
    """SIGKILL between the custodian's acceptance and our note of it: the lease runs out, another worker asks."""
    line.patience = 8
    line.faults.append(("POST", late))
    intent = tracker.ask()
    victim = work()
    _until(lambda: bool(tracker.at_custodian(intent)))
    victim.kill()
    assert tracker.state(intent) == State.SUBMITTED
    tracker.hurry()
    work()
    tracker.wait(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["deliveries"] == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("redis", [False, True])
def test_a_worker_stops_cleanly(
    tracker: Tracker, work: Work, redis_server: Redis, how: signal.Signals, redis: bool
) -> None:
    worker = work(redis_server.url if redis else None)
    tracker.wait(tracker.ask(), State.HELD)
    if redis:
        client = RedisClient.from_url(redis_server.url)
        _until(lambda: bool(client.smembers("rq:workers")))
    worker.process.send_signal(how)
    assert worker.process.wait(20) == 0, worker.tail()


def test_a_job_that_runs_is_finished_before_the_stop(tracker: Tracker, work: Work, line: Line) -> None:
    line.patience = 1.5
    line.faults.append(("POST", late))
    intent = tracker.ask()
    worker = work()
    _until(lambda: bool(tracker.at_custodian(intent)))
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(20) == 0
    assert tracker.state(intent) == State.ACKNOWLEDGED


def test_a_row_already_done_by_the_sweeper_is_left_by_rq(tracker: Tracker) -> None:
    intent = tracker.ask()
    tracker.until(intent, State.HELD)
    rows = db.session.scalars(select(OutboxRow.id)).all()
    assert [outbox.run_one(row) for row in rows] == [False, False]


def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
