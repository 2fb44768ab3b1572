"""The feed's own door: push, pull, and what other features may ask about reports."""

import hashlib
import hmac
import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from server.config import settings
from server.db import UnitOfWork, db, reader, unit_of_work
from server.feed import contacts, interpret, pages, policy, store
from server.feed.contacts import Contact
from server.feed.finish import COUNTER, newest_statement
from server.feed.gather import Gatherer
from server.feed.intake import Delivery, context, take_in
from server.feed.interpret import weigh
from server.feed.keyring import KeyRing
from server.feed.models import FeedCounter, OpClash, Report, ReportScope, StoredOp
from server.feed.pages import FutureLost, Page
from server.feed.signing import Envelope, readable_payload
from server.feed.store import UNJUDGED, Statement
from server.security import Actor, DeviceKey
from sync.verdicts import MENDABLE, Receipt, Verdict

log = structlog.get_logger()


@dataclass(frozen=True)
class Pushed:
    """The answer to a push: receipts in the order of the ops sent, and the server's signed statement of them."""

    receipts: list[Receipt]
    statement: str | None
    beacon: str | None


def push(actor: Actor, tokens: Sequence[str], unsent: int | None = None) -> Pushed:
    """Store ops, judge them, and return a receipt for each; repeated or reordered, the effect is the same (P5).

    One transaction: judged report by report, then audit and outbox rows, then under the feed counter's lock the ops
    themselves and what readers see. The answer is built only after the commit (P1, P7). `actor` only delivers: an op
    speaks for the user of its device.
    `unsent` is how many ops the device will still hold.
    """
    gatherer: Gatherer[Push, Taken] = current_app.extensions["gatherer"]
    # Who waits for the turn must not hold a connection.
    db.session.rollback()
    taken = gatherer.run(Push(actor, tokens, unsent), len(tokens))
    beacon = taken.statement.beacon or newest_statement(reader())
    return Pushed(taken.receipts, taken.statement.jws or None, beacon)


@dataclass(frozen=True)
class Push:
    """A push that waits for its turn."""

    actor: Actor
    tokens: Sequence[str]
    unsent: int | None

    @cached_property
    def envelopes(self) -> Sequence[Envelope]:
        """What could be read of its strings; the gatherer asks before its turn, so that nobody else waits for it."""
        ring: KeyRing = current_app.extensions["key_ring"]
        return [ring.read(token) for token in self.tokens]


@dataclass(frozen=True)
class Taken:
    """What became of a push: a receipt for each of its strings, and the statement that the server signed of them."""

    receipts: list[Receipt]
    statement: Statement


def take_together(pushes: Sequence[Push]) -> list[Taken]:
    """Take pushes in, all in one transaction; for the gatherer. Answers are built after the commit."""
    devices = {each.op.device for push in pushes for each in push.envelopes if each.op}
    keys: Mapping[str, DeviceKey] = current_app.extensions["device_keys"](reader(), devices)
    ring: KeyRing = current_app.extensions["key_ring"]
    ring.note(keys)
    deliveries = [Delivery(push.actor, [weigh(each, keys) for each in push.envelopes], push.unsent) for push in pushes]
    revoked = {device for device, key in keys.items() if key.revoked}
    try:
        left, stored = _take(pushes[0].actor, deliveries, revoked)
    except IntegrityError:
        # Another device's op of the same id was stored meanwhile; now it is seen.
        left, stored = _take(pushes[0].actor, deliveries, revoked)
    now = {each.sha256: each.receipt() for each in left.outcomes}
    return [
        Taken([now.get(each.sha256) or stored[each.sha256] for each in delivery.envelopes], statement)
        for delivery, statement in zip(deliveries, left.statements, strict=True)
    ]


def _take(
    actor: Actor, deliveries: Sequence[Delivery], revoked: Collection[str]
) -> tuple[store.Pending, dict[str, Receipt]]:
    with unit_of_work(actor) as uow:
        stored = take_in(uow, deliveries, revoked)
    return store.pending(uow), stored


def rejudge() -> int:
    """Judge again what a mended rule or a new form may lift; return how many ops are no longer quarantined.

    For the command after an update. Each report is a transaction of its own, so that one cannot hold up the others.
    """
    return sum(_judge_again(report) for report in store.reports_to_mend(db.session(), (*UNJUDGED, *MENDABLE)))


def _judge_again(report: str) -> int:
    with unit_of_work(None) as uow:
        interpret.interpret_again(context(uow, set()), report)
        outcomes = store.pending(uow).outcomes
        if outcomes:
            uow.audit("report.rejudge", "report", report, ops=sorted(each.id for each in outcomes))
    return sum(each.verdict != Verdict.QUARANTINED for each in outcomes)


def pull(session: Session, actor: Actor, token: str | None, limit: int = pages.PAGE) -> Page:
    """Return the next page of changes for an actor's scope, and where to go on.

    A reader who has seen more than this server holds shows that it was restored: a new epoch begins, in which every
    reader takes its copies anew and gives back what was forgotten (P12).
    """
    key = hmac.new(settings().secret_key.encode(), b"feed cursor", hashlib.sha256).digest()
    try:
        return pages.page(session, actor, token, limit, key)
    except FutureLost:
        with unit_of_work(None) as uow:
            store.lock(uow.session, ["feed epoch"])
            if _is_lost(uow.session, actor, token, key):
                begin_epoch(uow, "a reader had seen more than is stored")
        return pages.page(session, actor, token, limit, key)


def _is_lost(session: Session, actor: Actor, token: str | None, key: bytes) -> bool:
    """Look again under the lock: another reader may have begun the new epoch meanwhile."""
    try:
        pages.page(session, actor, token, 1, key)
    except FutureLost:
        return True
    return False


def begin_epoch(uow: UnitOfWork, cause: str) -> str:
    """Begin a new epoch, for after a restore; return its name. Every cursor given before starts its reader anew."""
    now = uow.session.scalar(select(FeedCounter.epoch).where(FeedCounter.id == COUNTER)) or ""
    begun = str(uuid.uuid4())
    store.pending(uow).epoch = (now, begun)
    uow.audit("feed.epoch", "feed", begun, ended=now, cause=cause)
    return begun


def note_contact(actor: Actor, device: str, unsent: int) -> None:
    """Write down how many ops a device of the actor says it still holds, where that is news.

    Never raises for a database that cannot be written: whoever reads must go on reading (P10).
    """
    try:
        session = db.session()
        known = current_app.extensions["device_keys"](session, {device}).get(device)
        if known and known.user == actor.id and contacts.is_news(session, device, unsent, datetime.now(UTC)):
            with unit_of_work(actor) as uow:
                contacts.report(uow, device, actor.id, unsent)
    except SQLAlchemyError as failed:
        log.warning("contact_not_noted", kind=type(failed).__name__)


def behind(session: Session, actor: Actor) -> list[Contact]:
    """Return the devices that are behind with their ops: an officer's own, for a desk its reports' writers'.

    Not those that were revoked: whatever a lost phone still holds, nobody can send it.
    """
    found = contacts.behind(session, actor)
    keys: Mapping[str, DeviceKey] = current_app.extensions["device_keys"](session, {each.device for each in found})
    return [each for each in found if each.device in keys and not keys[each.device].revoked]


def newest(session: Session) -> int:
    """Return the feed's newest number."""
    return session.scalar(select(FeedCounter.seq).where(FeedCounter.id == COUNTER)) or 0


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
    """Return the users who write each report: those in whose scope it is now, and those whose ops stand in it."""
    found: dict[str, set[str]] = {}
    seen = select(ReportScope.report_id, ReportScope.scope).where(
        ReportScope.report_id.in_(reports), ReportScope.present, ReportScope.scope.startswith("user:")
    )
    for report, scope in session.execute(seen):
        found.setdefault(report, set()).add(scope.removeprefix("user:"))
    stands = StoredOp.verdict != Verdict.QUARANTINED
    acted = select(StoredOp.report_id, StoredOp.actor_id).where(StoredOp.report_id.in_(reports), stands)
    for row in session.execute(acted.distinct()):
        found.setdefault(str(row.report_id), set()).add(str(row.actor_id))
    return found


def copy(session: Session, report: str) -> tuple[bytes, set[str], set[str]]:
    """Return one report as the feed serves it, with the users and devices that it names. The caller checked access."""
    row = session.execute(select(Report.id, Report.seq, Report.snapshot, Report.facts).where(Report.id == report)).one()
    return pages.copy_of(row.id, row.seq, row.snapshot, row.facts), *pages.mentioned([row.snapshot, row.facts])


def in_scope(session: Session, actor: Actor) -> set[str]:
    """Return the ids of all reports that an actor sees now."""
    scope = policy.reader_scope(actor)
    rows = session.scalars(select(ReportScope.report_id).where(ReportScope.scope == scope, ReportScope.present))
    return set(rows)


@dataclass(frozen=True)
class HistoryEntry:
    """One stored string of a report, with what was made of it."""

    op: str
    sha256: str
    jws: str
    payload: Mapping[str, Any] | None
    verdict: str | None
    reason: str | None
    received: datetime
    # When the server made the statement that its author had read; null where none is known.
    not_before: str | None
    seq: int | None


def history(session: Session, report: str) -> list[HistoryEntry]:
    """Return every op of a report, oldest first, quarantined ones too, and other bytes under an op's id."""
    rows = session.scalars(select(StoredOp).where(StoredOp.report_id == report))
    ops = [_entry_of(row, row.id, row.verdict, row.reason) for row in rows]
    others = session.scalars(select(OpClash).where(OpClash.report_id == report))
    ops += [_entry_of(row, row.op_id, Verdict.QUARANTINED, "op_id_reused") for row in others]
    moments = store.moments(session, (_beacon(each.payload) for each in ops))
    ops = [replace(each, not_before=moments.get(_beacon(each.payload) or "")) for each in ops]
    return sorted(ops, key=lambda each: (each.received, each.seq or 0, each.op, each.sha256))


def _entry_of(row: StoredOp | OpClash, op: str, verdict: str | None, reason: str | None) -> HistoryEntry:
    said = readable_payload(row.jws)
    return HistoryEntry(op, row.sha256, row.jws, said, verdict, reason, row.received_at, None, row.seq)


def _beacon(said: Mapping[str, Any] | None) -> str | None:
    """Return the statement that a stored string names; what it says may be anything."""
    time = (said or {}).get("time")
    named = time.get("beacon") if isinstance(time, dict) else None
    return named if isinstance(named, str) and re.fullmatch("[0-9a-f]{64}", named) else None
