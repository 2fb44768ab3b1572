"""The audit log: append within each transaction, read, and check the chain."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from server.audit.chain import event_hash, plain
from server.audit.models import AuditEvent, AuditHead
from server.bulk import Rows
from server.db import UnitOfWork, upsertable

SYSTEM = "system"
PAGE = 200
_HEAD = 1
_BATCH = 500
_COVERED = ("n", "at", "actor", "action", "subject_kind", "subject", "detail", "prev")
_COLUMNS = tuple(getattr(AuditEvent, name) for name in (*_COVERED, "sha256"))


@dataclass(frozen=True)
class Verification:
    """How many events fit, and the first that does not, if any, with what is wrong about it."""

    events: int
    head: str | None
    first_bad: int | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.first_bad is None


def finish(uow: UnitOfWork) -> None:
    """Append the pending events of a unit of work to the chain, as part of its transaction (P13).

    Holds the head row until the commit, so that concurrent transactions append one after the other. Runs among the
    last statements because everybody waits for that row.
    """
    if not uow.audits:
        return
    n, prev = _take_numbers(uow.session, len(uow.audits))
    actor = uow.actor.id if uow.actor else SYSTEM
    rows = []
    for number, entry in enumerate(uow.audits, start=n):
        fields: dict[str, Any] = {
            "n": number,
            "at": uow.now,
            "actor": entry.actor or actor,
            "action": entry.action,
            "subject_kind": entry.subject_kind,
            "subject": entry.subject,
            "detail": plain(entry.detail),
            "prev": prev,
        }
        prev = event_hash(**fields)
        rows.append({**fields, "sha256": prev})
    uow.audits.clear()
    _EVENTS.write(uow.session, rows)
    uow.session.execute(_APPEND, {"head": prev})


def events(session: Session, after: int = 0, limit: int = PAGE) -> list[AuditEvent]:
    """Return the events after number `after`, oldest first."""
    wanted = select(AuditEvent).where(AuditEvent.n > after).order_by(AuditEvent.n).limit(min(limit, PAGE))
    return list(session.scalars(wanted))


def read(uow: UnitOfWork, after: int) -> list[AuditEvent]:
    """Return a page of the log for a reader. Reading it is itself an event of the log."""
    page = events(uow.session, after)
    uow.audit("audit.read", "audit", str(after), events=len(page))
    return page


def note_check(uow: UnitOfWork, found: Verification) -> None:
    """Note that a reader verified the chain, and how that ended."""
    uow.audit("audit.verify", "audit", str(found.events), ok=found.ok, first_bad=found.first_bad)


def verify(session: Session) -> Verification:
    """Compute the chain anew and name the first event that does not fit. Writers go on meanwhile.

    Finds changed, missing, inserted and reordered events, and an end that was cut off unless the head row was changed
    with it. Keep the returned `head` elsewhere to notice a chain that was rewritten as a whole.
    """
    last, claimed = _head(session)
    count, prev = 0, None
    for row in _rows(session, last):
        problem = _misfit(row, count + 1, prev)
        if problem:
            return Verification(count, prev, count + 1, problem)
        count, prev = row.n, row.sha256
    if count < last:
        return Verification(count, prev, count + 1, "the end of the log is missing")
    if prev != claimed:
        return Verification(count, prev, count, "the last event is not the one that the head names")
    beyond = _first_beyond_head(session)
    if beyond is not None:
        return Verification(count, prev, beyond, "the event comes after the end that the head names")
    return Verification(count, prev)


def _misfit(row: Any, n: int, prev: str | None) -> str | None:
    if row.n != n:
        return "the event is missing" if row.n > n else "the event's number comes before the first"
    if row.prev != prev:
        return "the event does not follow the one before it"
    fields = {name: getattr(row, name) for name in _COVERED}
    if event_hash(**fields) != row.sha256:
        return "the event was changed"
    return None


def _rows(session: Session, last: int) -> Iterator[Any]:
    """Read the chain up to event `last` in pages, because a year of it does not fit in memory."""
    after: int | None = None
    while True:
        page = select(*_COLUMNS).where(AuditEvent.n <= last).order_by(AuditEvent.n).limit(_BATCH)
        rows = session.execute(page if after is None else page.where(AuditEvent.n > after)).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].n


def _head(session: Session) -> tuple[int, str | None]:
    row = session.execute(select(AuditHead.n, AuditHead.sha256).where(AuditHead.id == _HEAD)).one_or_none()
    return (row.n, row.sha256) if row else (0, None)


def _first_beyond_head(session: Session) -> int | None:
    """Look past the head in one statement, so that an event appended just now is not taken for a forged one."""
    end = select(AuditHead.n).where(AuditHead.id == _HEAD).scalar_subquery()
    beyond = select(func.min(AuditEvent.n)).where(AuditEvent.n > func.coalesce(end, 0))
    return session.execute(beyond).scalar_one()


def _take_numbers(session: Session, count: int) -> tuple[int, str | None]:
    """Lock the head of the chain until the commit and reserve numbers; return the first, and the hash before it."""
    row = session.execute(_ADVANCE, {"count": count}).first()
    if row is None:
        first = upsertable(session, AuditHead).values(id=_HEAD, n=0, sha256=None)
        session.execute(first.on_conflict_do_nothing(index_elements=["id"]))
        return _take_numbers(session, count)
    return row.n - count + 1, row.sha256


_TABLE = cast("Table", AuditHead.__table__)
_ADVANCE = (
    update(_TABLE)
    .where(_TABLE.c.id == _HEAD)
    .values(n=_TABLE.c.n + bindparam("count"))
    .returning(_TABLE.c.n, _TABLE.c.sha256)
)
_APPEND = update(_TABLE).where(_TABLE.c.id == _HEAD).values(sha256=bindparam("head"))
_EVENTS = Rows(AuditEvent, *_COVERED, "sha256")
