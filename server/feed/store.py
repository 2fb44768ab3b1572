"""Storing ops before they are judged, and what a push needs to know of those stored earlier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from server.db import UnitOfWork, upsertable
from server.feed.models import OpClash, Report, ReportScope, StoredOp
from server.feed.signing import Envelope
from sync.merge import Snapshot
from sync.verdicts import Receipt, Verdict

WAITING = "waiting_for_base"


@dataclass
class Outcome:
    """What is said of one op in this transaction; the finisher adds `seq` and writes it to the op's row."""

    id: str
    sha256: str
    report: str | None
    verdict: str
    reason: str | None = None
    seq: int = 0
    clash: bool = False

    def receipt(self) -> Receipt:
        op = None if self.id.startswith("sha256:") else self.id
        return Receipt(op, self.sha256, self.seq, self.verdict, self.reason)


@dataclass
class Pending:
    """What a push leaves for the finisher (under `uow.notes["feed"]`), and what the finisher answers."""

    outcomes: list[Outcome] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    statement: str = ""
    beacon: str = ""


def pending(uow: UnitOfWork) -> Pending:
    found: Pending = uow.notes.setdefault("feed", Pending())
    return found


def insert_ignoring(session: Session, table: Any) -> Any:
    """Return an insert that leaves rows alone which are there already."""
    return upsertable(session, table).on_conflict_do_nothing()


def insert_new(uow: UnitOfWork, envelopes: Sequence[Envelope]) -> set[str]:
    """Store every op that is not stored yet, in one statement; return the ids of the new ones.

    Sorted by id, so that two pushes of the same ops wait for one another instead of locking each other out.
    """
    rows = [_row(each, uow.now) for each in sorted(envelopes, key=lambda each: each.id)]
    if not rows:
        return set()
    table = StoredOp.__table__
    # The rows go in as parameters, not as values of the statement: so it is compiled once and not for each push.
    statement = insert_ignoring(uow.session, table).returning(table.c.id)
    return set(uow.session.scalars(statement, rows))


def _row(envelope: Envelope, now: datetime) -> dict[str, Any]:
    op = envelope.op
    return {
        "id": envelope.id,
        "sha256": envelope.sha256,
        "jws": envelope.token,
        "device_id": op.device if op else None,
        "n": op.n if op else None,
        "actor_id": op.actor if op else None,
        "report_id": envelope.report,
        "kind": op.kind if op else None,
        "received_at": now,
    }


def stored_receipts(session: Session, ids: Iterable[str]) -> dict[str, Receipt]:
    """Return the receipts of ops stored before, by id: a replay gets the same answer as the first time (P5)."""
    found = session.execute(
        select(StoredOp.id, StoredOp.sha256, StoredOp.seq, StoredOp.verdict, StoredOp.reason).where(
            StoredOp.id.in_(list(ids))
        )
    )
    return {row.id: Outcome(row.id, row.sha256, None, row.verdict, row.reason, row.seq).receipt() for row in found}


def insert_clash(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep other bytes under a known id; they are never interpreted."""
    row = {
        "sha256": envelope.sha256,
        "op_id": envelope.id,
        "jws": envelope.token,
        "received_at": uow.now,
    }
    uow.session.execute(insert_ignoring(uow.session, OpClash).values([row]))


def lock_reports(session: Session, ids: Sequence[str]) -> None:
    """Let no other push work on these reports until this transaction ends, also where the report is new."""
    if session.get_bind().dialect.name != "postgresql":
        return  # SQLite has one writer at a time, and unit_of_work already is that writer.
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(key) FROM "
            "(SELECT DISTINCT hashtextextended(id, 0) AS key FROM unnest(CAST(:ids AS text[])) AS id "
            "ORDER BY key) AS keys"
        ),
        {"ids": list(ids)},
    )


def load_reports(session: Session, ids: Sequence[str]) -> dict[str, Report]:
    return {row.id: row for row in session.scalars(select(Report).where(Report.id.in_(ids)))}


def load_scopes(session: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return the scopes that see each report now."""
    scopes: dict[str, set[str]] = {each: set() for each in ids}
    rows = session.execute(
        select(ReportScope.report_id, ReportScope.scope).where(ReportScope.report_id.in_(ids), ReportScope.present)
    )
    for report, scope in rows:
        scopes[report].add(scope)
    return scopes


def load_quarantined(session: Session, ids: Sequence[str], reasons: Sequence[str]) -> list[StoredOp]:
    """Return the ops of these reports that are kept for one of these reasons, oldest first."""
    return list(
        session.scalars(
            select(StoredOp)
            .where(
                StoredOp.report_id.in_(ids),
                StoredOp.verdict == Verdict.QUARANTINED,
                StoredOp.reason.in_(reasons),
            )
            .order_by(StoredOp.received_at, StoredOp.device_id, StoredOp.n)
        )
    )


def reports_to_mend(session: Session, reasons: Sequence[str]) -> list[str]:
    """Return the reports that have ops kept for one of these reasons."""
    found = select(StoredOp.report_id).where(
        StoredOp.verdict == Verdict.QUARANTINED, StoredOp.reason.in_(reasons), StoredOp.report_id.is_not(None)
    )
    return sorted({str(each) for each in session.scalars(found)})


def interpreted(session: Session, ids: Iterable[str]) -> set[str]:
    """Return which of these ops are stored and no longer wait."""
    wanted = list(ids)
    if not wanted:
        return set()
    rows = session.execute(select(StoredOp.id, StoredOp.verdict, StoredOp.reason).where(StoredOp.id.in_(wanted)))
    return {row.id for row in rows if row.verdict is not None and row.reason != WAITING}


def write_outcomes(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Write verdicts and feed numbers to the ops' rows, in one round trip."""
    own = [each for each in outcomes if not each.clash]
    if own:
        session.execute(
            _OUTCOME,
            [{"op": each.id, "at": each.seq, "says": each.verdict, "why": each.reason} for each in own],
        )
    clashes = [each for each in outcomes if each.clash]
    if clashes:
        session.execute(update(OpClash), [{"sha256": each.sha256, "seq": each.seq} for each in clashes])


_OPS = cast("Table", StoredOp.__table__)
_OUTCOME = (
    update(_OPS)
    .where(_OPS.c.id == bindparam("op"))
    .values(seq=bindparam("at"), verdict=bindparam("says"), reason=bindparam("why"))
)
