"""The last statements of every transaction that changed what readers see: numbers, scopes, receipts.

The feed counter's row lock is taken here, last, and held until the commit that follows at once. So numbers become
visible in their own order, and a reader that asks for `seq > cursor` never passes over a row that commits later (P4).
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from flask import current_app
from sqlalchemy import RowMapping, Table, bindparam, select, update
from sqlalchemy.orm import Session

from server.bulk import Rows
from server.config import settings
from server.db import UnitOfWork
from server.feed import aside, changes, policy, store
from server.feed.models import FeedCounter, ReceiptEntry
from server.feed.signing import ServerKey, sha256_hex
from server.feed.store import Outcome, Pending, Statement
from server.redis_link import redis_at

# What the server itself knows about reports, by section name; wired in by app.py (holds, photos).
Facts = Callable[[Session, Sequence[str]], Mapping[str, list[dict[str, Any]]]]
StarsToUsers = Callable[[Session, set[str]], Mapping[str, str]]
COUNTER = 1
# Where Redis is told that the feed has moved: who listens need not ask the database.
POKES = "holdfast:poke"


def finish(uow: UnitOfWork) -> None:
    """Number what was published, write its rows, sign the receipts. Runs as the last finisher before commit."""
    left = store.pending(uow)
    if not uow.published and not left.outcomes and not left.epoch:
        return
    session = uow.session
    steps = max(len(uow.published), 1)
    counter = take_numbers(session, steps)
    if left.epoch:
        # Many readers may notice a restore at once: the first of them begins the epoch.
        ended, begun = left.epoch
        session.execute(update(_TABLE).where(_TABLE.c.epoch == ended).values(epoch=begun))
    # From here on no other transaction can change what readers see, so what is read now is not stale when it is
    # written: a worker's step on a hold cannot put back the snapshot of before an officer's push.
    ids = changes.load_snapshots(session, list(uow.published), left)
    seqs = {report: counter["seq"] - steps + 1 + place for place, report in enumerate(ids)}
    for outcome in left.outcomes:
        outcome.seq = seqs.get(outcome.report or "", counter["seq"])
    store.write_ops(uow, left)
    if ids:
        changes.write_reports(session, uow.now, left, _facts(session, ids, left), seqs)
        changes.write_scopes(session, _wanted_scopes(session, ids, left), changes.load_scopes(session, ids, left), seqs)
    if left.outcomes:
        _sign_receipts(uow, left, counter)
    url = settings().redis_url
    if url and seqs:
        uow.after_commit(partial(_tell, url, counter["seq"]))


def _tell(url: str, seq: int) -> None:
    redis_at(url).publish(POKES, seq)


def _facts(session: Session, ids: list[str], left: Pending) -> dict[str, dict[str, Any]]:
    sources: Mapping[str, Facts] = current_app.extensions["facts"]
    found: dict[str, Mapping[str, Any]] = {name: source(session, ids) for name, source in sources.items()}
    told = aside.told_of(session, ids)
    kept = aside.quarantined(session, told, aside.settled_in(left.snapshots[each] for each in told))
    flags = aside.flags(session, told)
    return {
        report: {
            **{name: sections.get(report, []) for name, sections in found.items()},
            **aside.facts(kept.get(report), flags.get(report)),
        }
        for report in ids
    }


def _wanted_scopes(session: Session, ids: list[str], left: Pending) -> dict[str, set[str]]:
    stars = {each: policy.named_stars(left.snapshots[each]) for each in ids}
    every = set().union(*stars.values())
    to_users: StarsToUsers = current_app.extensions["users_by_star"]
    users = to_users(session, every) if every else {}
    return {
        each: policy.report_scopes(
            left.snapshots[each], [users[star] for star in stars[each] if star in users], stars[each]
        )
        for each in ids
    }


def take_numbers(session: Session, steps: int) -> RowMapping:
    """Advance the feed counter; return its row (epoch, seq, log_n, log_head). Its lock is held until the commit."""
    row = session.execute(_ADVANCE, {"steps": steps}).mappings().first()
    if row is None:
        first = {"id": COUNTER, "epoch": str(uuid.uuid4()), "seq": 0, "log_n": 0, "log_head": None}
        session.execute(store.insert_ignoring(session, FeedCounter).values([first]))
        return take_numbers(session, steps)
    return row


def _sign_receipts(uow: UnitOfWork, left: Pending, counter: RowMapping) -> None:
    """Append the receipts to the log: one signed statement a delivery, each naming the one before it.

    The hash of a statement is the beacon of the phone that it answers.
    """
    key: ServerKey = current_app.extensions["server_key"]
    n, head, at = counter["log_n"], counter["log_head"], uow.now.isoformat()
    entries = []
    for statement in _statements(left):
        n, prev = n + 1, head
        receipts = [each.receipt().as_json() for each in statement.outcomes]
        statement.jws = key.sign({"n": n, "prev": prev, "time": at, "receipts": receipts})
        statement.beacon = head = sha256_hex(statement.jws)
        entries.append({"n": n, "prev": prev, "jws": statement.jws, "sha256": head, "at": uow.now})
    _LOG.write(uow.session, entries)
    uow.session.execute(_APPEND, {"n": n, "head": head})


def _statements(left: Pending) -> list[Statement]:
    """Return the statements to sign; what no delivery of now brought (an op judged again) is told in one of its own."""
    told = {id(each) for statement in left.statements for each in statement.outcomes}
    others: list[Outcome] = [each for each in left.outcomes if id(each) not in told]
    return [each for each in (*left.statements, Statement(others)) if each.outcomes]


_LOG = Rows(ReceiptEntry, "n", "prev", "jws", "sha256", "at")
_TABLE = cast("Table", FeedCounter.__table__)
_ADVANCE = (
    update(_TABLE)
    .where(_TABLE.c.id == COUNTER)
    .values(seq=_TABLE.c.seq + bindparam("steps"))
    .returning(_TABLE.c.epoch, _TABLE.c.seq, _TABLE.c.log_n, _TABLE.c.log_head)
)
_APPEND = update(_TABLE).where(_TABLE.c.id == COUNTER).values(log_n=bindparam("n"), log_head=bindparam("head"))


def newest_statement(session: Session) -> str | None:
    """Return the hash of the server's latest signed statement; devices put it into their next ops."""
    return session.scalar(select(FeedCounter.log_head).where(FeedCounter.id == COUNTER))
