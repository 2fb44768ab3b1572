"""The last statements of every transaction that changed what readers see: numbers, scopes, receipts.

The feed counter's row lock is taken here, last, and held until the commit that follows at once. So numbers become
visible in their own order, and a reader that asks for `seq > cursor` never passes over a row that commits later (P4).
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.orm import Session

from server.db import UnitOfWork, upsertable
from server.feed import policy, store
from server.feed.models import FeedCounter, ReceiptEntry, Report, ReportScope, StoredOp
from server.feed.signing import ServerKey, read, sha256_hex
from server.feed.store import Pending
from sync.verdicts import Verdict

# What the server itself knows about reports, by section name; wired in by app.py (holds, photos).
Facts = Callable[[Session, Sequence[str]], Mapping[str, list[dict[str, Any]]]]
StarsToUsers = Callable[[Session, set[str]], Mapping[str, str]]
COUNTER = 1


def compact(value: Any) -> bytes:
    """Write JSON for storing. In ASCII: text may hold half a surrogate pair, which no UTF-8 can carry."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def finish(uow: UnitOfWork) -> None:
    """Number what was published, write its rows, sign the receipts. Runs as the last finisher before commit."""
    left = store.pending(uow)
    if not uow.published and not left.outcomes:
        return
    session = uow.session
    steps = max(len(uow.published), 1)
    counter = take_numbers(session, steps)
    # From here on no other transaction can change what readers see, so what is read now is not stale when it is
    # written: a worker's step on a hold cannot put back the snapshot of before an officer's push.
    ids = _with_snapshot(session, list(uow.published), left)
    facts = _facts(session, ids, left)
    scopes = _wanted_scopes(session, ids, left)
    before = store.load_scopes(session, ids) if ids else {}
    seqs = {report: counter["seq"] - steps + 1 + place for place, report in enumerate(ids)}
    for outcome in left.outcomes:
        outcome.seq = seqs.get(outcome.report or "", counter["seq"])
    _write_reports(uow, left, facts, seqs)
    _write_scopes(session, scopes, before, seqs)
    store.write_outcomes(session, left.outcomes)
    if left.outcomes:
        _sign_receipts(uow, left, counter)


def _with_snapshot(session: Session, published: list[str], left: Pending) -> list[str]:
    """Load the snapshots that this transaction did not change itself; leave out reports that do not exist."""
    absent = [each for each in published if each not in left.snapshots]
    if absent:
        rows = session.execute(select(Report.id, Report.snapshot).where(Report.id.in_(absent)))
        left.snapshots.update({row.id: json.loads(row.snapshot) for row in rows})
    return [each for each in published if each in left.snapshots]


def _facts(session: Session, ids: list[str], left: Pending) -> dict[str, bytes]:
    sources: Mapping[str, Facts] = current_app.extensions["facts"]
    found = {name: source(session, ids) for name, source in sources.items()} if ids else {}
    found["quarantined"] = _quarantined(session, ids, left)
    return {report: compact({name: sections.get(report, []) for name, sections in found.items()}) for report in ids}


def _quarantined(session: Session, ids: list[str], left: Pending) -> dict[str, list[dict[str, Any]]]:
    """Return the ops that are kept but not applied, with what they would have written and why it was not."""
    now = {each.id: each for each in left.outcomes}
    new = [each.id for each in left.outcomes if each.verdict == Verdict.QUARANTINED]
    rows = session.scalars(
        select(StoredOp)
        .where(
            StoredOp.report_id.in_(ids),
            (StoredOp.verdict == Verdict.QUARANTINED) | StoredOp.id.in_(new),
        )
        .order_by(StoredOp.received_at, StoredOp.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        outcome = now.get(row.id)
        if outcome and outcome.verdict != Verdict.QUARANTINED:
            continue
        reason = outcome.reason if outcome else row.reason
        found.setdefault(str(row.report_id), []).append(quarantine_entry(row, reason))
    return found


def quarantine_entry(row: StoredOp, reason: str | None) -> dict[str, Any]:
    op = read(row.jws).op
    return {
        "op": row.id,
        "kind": row.kind,
        "actor": row.actor_id,
        "device": row.device_id,
        "reason": reason,
        "received": row.received_at.isoformat(),
        "wall": op.wall if op else None,
        "edits": [
            {"entity": edit.entity, "field": edit.field, "base": list(edit.base), "value": edit.value}
            for edit in (op.edits if op else ())
        ],
    }


def _wanted_scopes(session: Session, ids: list[str], left: Pending) -> dict[str, set[str]]:
    stars = {each: policy.named_stars(left.snapshots[each]) for each in ids}
    every = set().union(*stars.values()) if stars else set()
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
    statement = (
        update(FeedCounter)
        .where(FeedCounter.id == COUNTER)
        .values(seq=FeedCounter.seq + steps)
        .returning(FeedCounter.epoch, FeedCounter.seq, FeedCounter.log_n, FeedCounter.log_head)
        .execution_options(synchronize_session=False)
    )
    row = session.execute(statement).mappings().first()
    if row is None:
        first = {"id": COUNTER, "epoch": str(uuid.uuid4()), "seq": 0, "log_n": 0, "log_head": None}
        session.execute(store.insert_ignoring(session, FeedCounter).values([first]))
        return take_numbers(session, steps)
    return row


def _write_reports(uow: UnitOfWork, left: Pending, facts: dict[str, bytes], seqs: dict[str, int]) -> None:
    rows = [
        {
            "id": each,
            "author_id": left.snapshots[each]["author"],
            "district": left.snapshots[each]["district"],
            "state": left.snapshots[each]["state"],
            "snapshot": compact(left.snapshots[each]),
            "facts": facts[each],
            "seq": seq,
            "created_at": uow.now,
            "changed_at": uow.now,
        }
        for each, seq in seqs.items()
    ]
    if rows:
        _upsert(uow.session, Report, ["id"], rows, keep={"author_id", "created_at"})


def _write_scopes(
    session: Session, wanted: dict[str, set[str]], before: dict[str, set[str]], seqs: dict[str, int]
) -> None:
    """Carry the change into the feed of everyone who sees the report, and a *left* entry to those who no longer do."""
    rows = [
        {"scope": scope, "report_id": report, "seq": seqs[report], "present": scope in wanted[report]}
        for report in seqs
        for scope in sorted(wanted[report] | before.get(report, set()))
    ]
    if rows:
        _upsert(session, ReportScope, ["scope", "report_id"], rows, keep=set())


def _upsert(session: Session, model: Any, key: list[str], rows: list[dict[str, Any]], keep: set[str]) -> None:
    statement = upsertable(session, model.__table__)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key and name not in keep}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def _sign_receipts(uow: UnitOfWork, left: Pending, counter: RowMapping) -> None:
    """Append the receipts to the log as one signed statement that names the one before: the phones' next beacon."""
    key: ServerKey = current_app.extensions["server_key"]
    n, prev = counter["log_n"] + 1, counter["log_head"]
    left.statement = key.sign(
        {
            "n": n,
            "prev": prev,
            "time": uow.now.isoformat(),
            "receipts": [each.receipt().as_json() for each in left.outcomes],
        }
    )
    left.beacon = sha256_hex(left.statement)
    uow.session.execute(
        insert(ReceiptEntry),
        [{"n": n, "prev": prev, "jws": left.statement, "sha256": left.beacon, "at": uow.now}],
    )
    uow.session.execute(
        update(FeedCounter)
        .where(FeedCounter.id == COUNTER)
        .values(log_n=n, log_head=left.beacon)
        .execution_options(synchronize_session=False)
    )
