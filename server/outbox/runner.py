"""Running jobs: one handler a topic, and the retries of whatever a handler did not settle itself."""

from collections.abc import Callable

import structlog
from flask import Flask

from server.db import unit_of_work
from server.outbox.backoff import full_jitter
from server.outbox.claims import Job, LeaseLost, claim, put_off

Handler = Callable[[Job], None]
log = structlog.get_logger()
_handlers: dict[str, Handler] = {}


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register the handler of a topic.

    It runs in an application context and outside any transaction. It settles the job itself (`finish`, `put_off`)
    in the unit of work that stores its result, and must bear being run again. What it raises is retried.
    """

    def register(handler: Handler) -> Handler:
        _handlers[topic] = handler
        return handler

    return register


def run_one(row_id: int) -> bool:
    """Run one row if it is due and nobody else has it. The RQ job; needs an application context."""
    job = claim(row_id)
    if job is None:
        return False
    _run(job)
    return True


def sweep(app: Flask, limit: int = 100) -> int:
    """Run up to `limit` due rows, the longest due first; return how many were run."""
    for done in range(limit):
        with app.app_context():
            job = claim()
            if job is None:
                return done
            _run(job)
    return limit


def _run(job: Job) -> None:
    handler = _handlers.get(job.topic)
    try:
        if handler is None:
            _retry(job, "unknown_topic")
        else:
            handler(job)
    except LeaseLost:
        log.warning("outbox_lease_lost", topic=job.topic, row=job.id)
    except Exception as failed:
        # One job that cannot run must not stop the others (P8): it waits, with its code, for the next try.
        code = getattr(failed, "code", None)
        log.error("outbox_job_failed", topic=job.topic, row=job.id, kind=type(failed).__name__)
        _retry(job, code if isinstance(code, str) else type(failed).__name__)


def _retry(job: Job, code: str) -> None:
    try:
        with unit_of_work(None) as uow:
            put_off(uow, job, uow.now + full_jitter(job.attempts), code[:64])
    except LeaseLost:
        log.warning("outbox_lease_lost", topic=job.topic, row=job.id)
