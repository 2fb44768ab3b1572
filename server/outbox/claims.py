"""Rows of the outbox: written with the change that wants them, claimed under a lease, settled under a fence."""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Update, or_, select, update

from server.config import settings
from server.db import OutboxEntry, UnitOfWork, unit_of_work, upsertable
from server.outbox import doorbell
from server.outbox.models import OutboxRow

# Longer than the slowest handler (two calls to a custodian, each cut off at 15 s), so that a live worker keeps it.
LEASE = timedelta(seconds=60)
# RQ is given this long to come before the sweeper takes a row that was rung for.
GRACE = timedelta(seconds=2)

_WORKER = f"{socket.gethostname()[:24]}:{os.getpid()}:{secrets.token_hex(4)}"


class LeaseLost(Exception):
    """The lease ran out and another worker has the row: what this one found out must not be stored."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row, as its handler sees it. `attempts` counts this run."""

    id: int
    topic: str
    key: str
    payload: dict[str, str]
    attempts: int
    fence: int


def write(uow: UnitOfWork) -> None:
    """Store the jobs that a unit of work left behind, and ring for them after its commit.

    A `(topic, key)` that is there already, pending or done, is left as it is: asking twice is asking once (P5).
    """
    rung = [found for entry in uow.outbox if (found := _insert(uow, entry)) is not None]
    uow.outbox.clear()
    url = settings().redis_url
    if rung and url:
        uow.after_commit(lambda: doorbell.ring(url, rung))


def _insert(uow: UnitOfWork, entry: OutboxEntry) -> int | None:
    statement = (
        upsertable(uow.session, OutboxRow)
        .values(
            topic=entry.topic,
            key=entry.key,
            payload=entry.payload,
            created_at=uow.now,
            available_at=uow.now,
            attempts=0,
            fence=0,
        )
        .on_conflict_do_nothing(index_elements=["topic", "key"])
        .returning(OutboxRow.id)
    )
    return uow.session.execute(statement).scalar_one_or_none()


def claim(row_id: int | None = None) -> Job | None:
    """Take one due row, the named one or the one that is due longest; None when there is none to take.

    Commits the lease, so that a job runs outside any transaction. Rows that another worker is taking are skipped.
    """
    with unit_of_work(None) as uow:
        due = [
            OutboxRow.done_at.is_(None),
            OutboxRow.available_at <= uow.now,
            or_(OutboxRow.claimed_until.is_(None), OutboxRow.claimed_until < uow.now),
        ]
        if row_id is not None:
            due.append(OutboxRow.id == row_id)
        elif settings().redis_url:
            due.append(or_(OutboxRow.attempts > 0, OutboxRow.available_at <= uow.now - GRACE))
        chosen = (
            select(OutboxRow)
            .where(*due)
            .order_by(OutboxRow.available_at, OutboxRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        row = uow.session.scalars(chosen).one_or_none()
        if row is None:
            return None
        row.claimed_by = _WORKER
        row.claimed_until = uow.now + LEASE
        row.fence += 1
        row.attempts += 1
        return Job(row.id, row.topic, row.key, dict(row.payload), row.attempts, row.fence)


def finish(uow: UnitOfWork, job: Job) -> None:
    """Mark a job done, in the transaction that stores its result. Raises LeaseLost, which must roll that back."""
    _settle(uow, job, done_at=uow.now, last_error=None)


def put_off(uow: UnitOfWork, job: Job, until: datetime, error: str | None = None) -> None:
    """Give a job back to run again at `until`; `error` is a code. Raises LeaseLost like `finish`."""
    _settle(uow, job, available_at=until, last_error=error)


def confirm(uow: UnitOfWork, job: Job) -> None:
    """Renew the lease in a transaction that a handler needs before its end. Raises LeaseLost like `finish`."""
    _run(uow, job, _mine(job).values(claimed_until=uow.now + LEASE))


def _settle(uow: UnitOfWork, job: Job, **changes: Any) -> None:
    _run(uow, job, _mine(job).values(claimed_by=None, claimed_until=None, **changes))


def _mine(job: Job) -> Update:
    """Match the row only while the fence is this job's: each claim raises it, so a late worker matches nothing."""
    return update(OutboxRow).where(OutboxRow.id == job.id, OutboxRow.fence == job.fence, OutboxRow.done_at.is_(None))


def _run(uow: UnitOfWork, job: Job, statement: Update) -> None:
    done = cast(
        "CursorResult[Any]",
        uow.session.execute(statement.execution_options(synchronize_session=False)),
    )
    if done.rowcount != 1:
        raise LeaseLost(f"outbox row {job.id}")
