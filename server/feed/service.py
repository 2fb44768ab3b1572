"""The feed's own door: push, pull, and what other features may ask about reports."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import UnitOfWork, db, unit_of_work
from server.feed import interpret, policy, store
from server.feed.finish import COUNTER
from server.feed.interpret import Arrival, Context, weigh
from server.feed.models import FeedCounter, ReceiptEntry, Report, ReportScope, StoredOp
from server.feed.signing import Envelope, payload, read, sha256_hex
from server.feed.store import WAITING, Outcome
from server.security import Actor
from sync import cursor as cursors
from sync.cursor import Cursor
from sync.verdicts import MENDABLE, Receipt, Verdict

PAGE = 200


@dataclass(frozen=True)
class Pushed:
    """The answer to a push: receipts in the order of the ops sent, and the server's signed statement of them."""

    receipts: list[Receipt]
    statement: str | None
    beacon: str | None


@dataclass(frozen=True)
class Page:
    """A page of changes, ready to be sent: `changes` are stored bytes, `left` the reports to remove."""

    changes: list[bytes]
    left: list[str]
    actors: set[str]
    devices: set[str]
    cursor: str
    more: bool
    reset: bool
    beacon: str | None


def push(actor: Actor, tokens: Sequence[str]) -> Pushed:
    """Store ops, judge them, and return a receipt for each; repeated or reordered, the effect is the same (P5).

    One transaction: raw ops first, then report by report, then audit and outbox rows, the feed counter last. The
    answer is built only after the commit (P1, P7). `actor` only delivers: an op speaks for the user of its device.
    """
    read_in = [read(token) for token in tokens]
    keys = current_app.extensions["device_keys"](db.session(), {each.op.device for each in read_in if each.op})
    weighed = {each.sha256: weigh(each, keys) for each in read_in}
    with unit_of_work(actor) as uow:
        left = store.pending(uow)
        fresh, stored = _sort_out(uow, [envelope for envelope, _ in weighed.values()])
        for each in fresh:
            if each.op is None:
                _keep_unread(uow, each)
        arrivals = [Arrival(each.op, each.sha256, weighed[each.sha256][1]) for each in fresh if each.op]
        interpret.interpret(_context(uow, {each.op.actor for each in arrivals}), arrivals)
        if left.outcomes:
            uow.audit("report.push", "device", actor.device or actor.id, ops=sorted(o.id for o in left.outcomes))
    receipts = {each.sha256: each.receipt() for each in left.outcomes}
    answer = [receipts.get(each.sha256) or stored[weighed[each.sha256][0].id] for each in read_in]
    return Pushed(answer, left.statement or None, left.beacon or beacon(db.session()))


def rejudge() -> int:
    """Judge again what a mended rule or a new form may lift; return how many ops are no longer quarantined.

    For the command after an update. Each report is a transaction of its own, so that one cannot hold up the others.
    """
    lifted = 0
    for report in store.reports_to_mend(db.session(), (WAITING, *MENDABLE)):
        with unit_of_work(None) as uow:
            interpret.interpret_again(_context(uow, set()), report)
            outcomes = store.pending(uow).outcomes
            lifted += sum(each.verdict != Verdict.QUARANTINED for each in outcomes)
            if outcomes:
                uow.audit("report.rejudge", "report", report, ops=sorted(each.id for each in outcomes))
    return lifted


def _context(uow: UnitOfWork, actors: set[str]) -> Context:
    found = current_app.extensions
    return Context(uow, found["actors"](uow.session, actors), found["consequences"])


def _sort_out(uow: UnitOfWork, envelopes: list[Envelope]) -> tuple[list[Envelope], dict[str, Receipt]]:
    """Store what is new; return it, and the receipts of what was stored before. Other bytes are kept aside, flagged."""
    first: dict[str, Envelope] = {}
    for each in envelopes:
        first.setdefault(each.id, each)
    new = store.insert_new(uow, list(first.values()))
    stored = store.stored_receipts(uow.session, {each.id for each in envelopes} - new)
    for each in envelopes:
        known = first[each.id].sha256 if each.id in new else stored[each.id].sha256
        if each.sha256 != known:
            store.insert_clash(uow, each)
            store.pending(uow).outcomes.append(
                Outcome(each.id, each.sha256, None, Verdict.QUARANTINED, "op_id_reused", clash=True)
            )
    return [each for id, each in first.items() if id in new], stored


def _keep_unread(uow: UnitOfWork, envelope: Envelope) -> None:
    store.pending(uow).outcomes.append(
        Outcome(envelope.id, envelope.sha256, envelope.report, Verdict.QUARANTINED, envelope.reason)
    )
    if envelope.report:
        uow.publish(envelope.report)


def beacon(session: Session) -> str | None:
    """Return the hash of the server's latest signed statement; devices put it into their next ops."""
    return session.scalar(select(FeedCounter.log_head).where(FeedCounter.id == COUNTER))


def newest(session: Session) -> int:
    """Return the feed's newest number."""
    return session.scalar(select(FeedCounter.seq).where(FeedCounter.id == COUNTER)) or 0


def pull(session: Session, actor: Actor, token: str | None, limit: int = PAGE) -> Page:
    """Return the next page of changes for an actor's scope, and where to go on.

    A cursor of another epoch or scope starts from zero with `reset`: the client takes a new base, and keeps what it
    has not sent yet.
    """
    scope = policy.reader_scope(actor)
    head = session.execute(select(FeedCounter.epoch, FeedCounter.log_head).where(FeedCounter.id == COUNTER)).first()
    epoch, log_head = (head.epoch, head.log_head) if head else ("", None)
    start = cursors.decode(token) if token else None
    reset = start is None or start.epoch != epoch or start.scope != scope
    since = 0 if start is None or reset else start.seq
    rows = session.execute(
        select(ReportScope.seq, ReportScope.present, Report.id, Report.snapshot, Report.facts)
        .join(Report, Report.id == ReportScope.report_id)
        .where(ReportScope.scope == scope, ReportScope.seq > since)
        .order_by(ReportScope.seq)
        .limit(limit + 1)
    ).all()
    page = rows[:limit]
    # A new reader has no copies to remove.
    gone = [row.id for row in page if not row.present and not reset]
    shown = [row for row in page if row.present]
    actors, devices = _mentioned(shown)
    reached = page[-1].seq if page else since
    return Page(
        changes=[_copy(row.id, row.seq, row.snapshot, row.facts) for row in shown],
        left=gone,
        actors=actors,
        devices=devices,
        cursor=Cursor(epoch, scope or "", reached).encode(),
        more=len(rows) > limit,
        reset=reset,
        beacon=log_head,
    )


def _copy(report: str, seq: int, snapshot: bytes, facts: bytes) -> bytes:
    """Put a copy together from stored bytes; the facts are an object whose members stand beside the snapshot."""
    return b'{"report":"%s","seq":%d,"snapshot":%s,%s' % (report.encode(), seq, snapshot, facts[1:])


_ACTOR = re.compile(rb'"(?:actor|author)":"([0-9a-f-]{36})"')
_DEVICE = re.compile(rb'"device":"([0-9a-f-]{36})"')


def _mentioned(rows: Sequence[Any]) -> tuple[set[str], set[str]]:
    """Return the users and devices that stored bytes name, without parsing them; names are no secret of a report."""
    actors: set[str] = set()
    devices: set[str] = set()
    for row in rows:
        for part in (row.snapshot, row.facts):
            actors.update(found.decode() for found in _ACTOR.findall(part))
            devices.update(found.decode() for found in _DEVICE.findall(part))
    return actors, devices


def may_read(session: Session, actor: Actor, report: str) -> bool:
    """Tell whether a report is in an actor's scope now."""
    scope = policy.reader_scope(actor)
    found = session.scalar(
        select(ReportScope.present).where(ReportScope.scope == scope, ReportScope.report_id == report)
    )
    return bool(found)


def reports_naming(session: Session, stars: Iterable[str]) -> list[str]:
    """Return the reports that name officers by these star numbers; for publishing when a star changes hands."""
    scopes = [f"{policy.STAR}{star}" for star in stars]
    rows = session.scalars(select(ReportScope.report_id).where(ReportScope.scope.in_(scopes), ReportScope.present))
    return sorted(set(rows))


def exists(session: Session, report: str) -> bool:
    return session.scalar(select(Report.id).where(Report.id == report)) is not None


def writers(session: Session, reports: Sequence[str]) -> dict[str, set[str]]:
    """Return the users who write each report: those in whose scope it is now, and those whose ops stand in it.

    While a report's first ops are being judged it has no row yet; then whoever sent them counts.
    """
    found: dict[str, set[str]] = {}
    seen = select(ReportScope.report_id, ReportScope.scope).where(
        ReportScope.report_id.in_(reports), ReportScope.present, ReportScope.scope.startswith("user:")
    )
    for report, scope in session.execute(seen):
        found.setdefault(report, set()).add(scope.removeprefix("user:"))
    stands = StoredOp.verdict.is_not(None) & (StoredOp.verdict != Verdict.QUARANTINED)
    first = StoredOp.verdict.is_(None) & StoredOp.report_id.not_in(select(Report.id))
    acted = select(StoredOp.report_id, StoredOp.actor_id).where(StoredOp.report_id.in_(reports), stands | first)
    for row in session.execute(acted.distinct()):
        found.setdefault(str(row.report_id), set()).add(str(row.actor_id))
    return found


def copy(session: Session, report: str) -> tuple[bytes, set[str], set[str]]:
    """Return one report as the feed serves it, with the users and devices that it names. The caller checked access."""
    row = session.execute(select(Report.id, Report.seq, Report.snapshot, Report.facts).where(Report.id == report)).one()
    return _copy(row.id, row.seq, row.snapshot, row.facts), *_mentioned([row])


def in_scope(session: Session, actor: Actor) -> set[str]:
    """Return the ids of all reports that an actor sees now."""
    scope = policy.reader_scope(actor)
    rows = session.scalars(select(ReportScope.report_id).where(ReportScope.scope == scope, ReportScope.present))
    return set(rows)


@dataclass(frozen=True)
class HistoryEntry:
    """One stored op of a report, with what was made of it."""

    op: str
    sha256: str
    jws: str
    payload: Mapping[str, Any]
    verdict: str | None
    reason: str | None
    received: datetime
    seq: int | None


def history(session: Session, report: str) -> list[HistoryEntry]:
    """Return every op of a report, oldest first, quarantined ones too."""
    rows = session.scalars(
        select(StoredOp).where(StoredOp.report_id == report).order_by(StoredOp.received_at, StoredOp.seq, StoredOp.id)
    )
    return [
        HistoryEntry(row.id, row.sha256, row.jws, payload(row.jws), row.verdict, row.reason, row.received_at, row.seq)
        for row in rows
    ]


def verify(session: Session) -> str | None:
    """Walk stored ops and the receipt log; return the first thing that does not fit, or None."""
    for row in session.execute(select(StoredOp.id, StoredOp.sha256, StoredOp.jws).execution_options(yield_per=1000)):
        if sha256_hex(row.jws) != row.sha256:
            return f"op {row.id}: its bytes do not have the stored hash"
    head: str | None = None
    entries = session.scalars(select(ReceiptEntry).order_by(ReceiptEntry.n).execution_options(yield_per=1000))
    for place, entry in enumerate(entries, start=1):
        if entry.n != place:
            return f"receipt log: entry {place} is missing"
        if sha256_hex(entry.jws) != entry.sha256 or entry.prev != head or payload(entry.jws)["prev"] != head:
            return f"receipt log: entry {entry.n} does not fit the one before"
        head = entry.sha256
    kept = beacon(session)
    return None if kept == head else "receipt log: its head is not the last entry"
