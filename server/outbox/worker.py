"""The worker process: a sweeper, and beside it an RQ worker where Redis is configured."""

import signal
import threading
from types import FrameType
from typing import Any

import structlog
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from server.config import Settings
from server.outbox.doorbell import QUEUE
from server.outbox.runner import sweep

log = structlog.get_logger()
# An idle RQ worker comes up for air this often, which bounds how long a stop can take.
_IDLE_SECONDS = 30


def run_worker(app: Flask) -> None:
    """Work the outbox until SIGTERM or SIGINT; a job that is running is finished first.

    Call it in the main thread of a process of its own. Many may run at once, on one outbox.
    """
    found: Settings = app.extensions["settings"]
    stop = threading.Event()
    if found.redis_url is None:
        _stop_on_signals(stop)
        _sweep_until(app, stop, found.sweep_seconds)
        return
    sweeper = threading.Thread(target=_sweep_until, args=(app, stop, found.sweep_seconds), name="sweeper")
    sweeper.start()
    try:
        _answer_doorbell(app, found.redis_url, stop)
    finally:
        stop.set()
        sweeper.join()


def _stop_on_signals(stop: threading.Event) -> None:
    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, asked)


def _sweep_until(app: Flask, stop: threading.Event, pause: float) -> None:
    while not stop.is_set():
        try:
            worked = sweep(app, limit=1)
        except Exception as failed:
            # The database may be away for a while; the next round tries again.
            log.error("sweep_failed", kind=type(failed).__name__)
            worked = 0
        if not worked:
            stop.wait(pause)


def _answer_doorbell(app: Flask, url: str, stop: threading.Event) -> None:
    """Run RQ in this thread, which gets the signals, and start it again whenever Redis comes back."""
    while not stop.is_set():
        _stop_on_signals(stop)
        try:
            worker = _Answering(app, url, stop)
            worker.work(logging_level="WARNING", max_idle_time=_IDLE_SECONDS)
        except StopRequested:
            return
        except (RedisError, OSError) as failed:
            log.warning("redis_unreachable", kind=type(failed).__name__)
            stop.wait(2.0)


class _Answering(SimpleWorker):
    """An RQ worker that runs jobs in this process, each in an application context of its own."""

    def __init__(self, app: Flask, url: str, stop: threading.Event):
        connection = Redis.from_url(url)
        queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
        super().__init__([queue], connection=connection, serializer=JSONSerializer)
        self._app = app
        self._stop = stop

    def perform_job(self, job: RqJob, queue: Queue, *rest: Any) -> bool:
        with self._app.app_context():
            return bool(super().perform_job(job, queue, *rest))

    def check_for_suspension(self, burst: bool) -> None:
        # RQ asks this at the top of its loop. A stop that came before its signal handlers stood would else be
        # noticed only at the end of a whole idle wait.
        if self._stop.is_set():
            raise StopRequested
        super().check_for_suspension(burst)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]
