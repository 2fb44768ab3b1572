"""Storing ops with what was made of them, and what a push needs to know of those stored earlier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, literal_column, or_, select, text, update
from sqlalchemy.orm import Session

from server.bulk import Rows, among
from server.db import UnitOfWork, upsertable
from server.feed.models import OpClash, ReceiptEntry, Report, ReportScope, StoredOp
from server.feed.signing import Envelope
from sync.merge import Snapshot
from sync.verdicts import Receipt, Verdict

WAITING = "waiting_for_base"
# Waits for the op that begins its report; who may write it is judged when that has come.
WAITING_FOR_REPORT = "waiting_for_report"
UNJUDGED = (WAITING, WAITING_FOR_REPORT)


@dataclass
class Outcome:
    """What is said of one op in this transaction; the finisher adds `seq`.

    `clash`: other bytes under a known id. `stood`: it was stored before, and was judged again.
    """

    id: str
    sha256: str
    report: str | None
    verdict: str
    reason: str | None = None
    seq: int = 0
    clash: bool = False
    stood: bool = False

    def receipt(self) -> Receipt:
        op = None if self.id.startswith("sha256:") else self.id
        return Receipt(op, self.sha256, self.seq, self.verdict, self.reason)


@dataclass
class Statement:
    """What the server signs about one delivery; `outcomes` are those of the ops in it, `jws` and `beacon` come last."""

    outcomes: list[Outcome] = field(default_factory=list)
    jws: str = ""
    beacon: str = ""


@dataclass
class Pending:
    """What pushes leave for the finisher (under `uow.notes["feed"]`), and what the finisher answers.

    `arrived` holds the ops to be stored, by id. `before` holds the snapshots as they were stored, for telling what
    changed; None for a report that is new. `epoch` names the one that ends with this transaction, and the next.
    """

    arrived: dict[str, Envelope] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    before: dict[str, Snapshot | None] = field(default_factory=dict)
    epoch: tuple[str, str] | None = None
    statements: list[Statement] = field(default_factory=list)


def pending(uow: UnitOfWork) -> Pending:
    found: Pending = uow.notes.setdefault("feed", Pending())
    return found


def insert_ignoring(session: Session, table: Any) -> Any:
    """Return an insert that leaves rows alone which are there already."""
    return upsertable(session, table).on_conflict_do_nothing()


def write_ops(uow: UnitOfWork, left: Pending) -> None:
    """Store the ops that arrived with what was made of them, and write down what was made of others now.

    Raises IntegrityError where another transaction stored an op of the same id meanwhile: then nothing is stored, and
    the push is to be taken in again. Locks keep those apart who push the same; it takes two devices with one id.
    """
    told = {each.id: each for each in left.outcomes if not each.clash and not each.stood}
    _ROWS.write(
        uow.session, [{**_row(envelope, uow.now), **_made_of(told[id])} for id, envelope in left.arrived.items()]
    )
    again = [{"op": each.id, **_made_of(each)} for each in left.outcomes if each.stood]
    if again:
        uow.session.execute(_AGAIN, again)
    clashes = [{"sha256": each.sha256, "seq": each.seq} for each in left.outcomes if each.clash]
    if clashes:
        uow.session.execute(update(OpClash), clashes)


def _made_of(outcome: Outcome) -> dict[str, Any]:
    return {"seq": outcome.seq, "verdict": str(outcome.verdict), "reason": outcome.reason}


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
    found = session.execute(_RECEIPTS, {"ids": list(ids)})
    return {row.id: Outcome(row.id, row.sha256, None, row.verdict, row.reason, row.seq).receipt() for row in found}


def clash_receipts(session: Session, hashes: Iterable[str]) -> dict[str, Receipt]:
    """Return the receipts of other bytes under known ids that were kept before, by their hashes."""
    rows = session.scalars(select(OpClash).where(OpClash.sha256.in_(list(hashes))))
    return {row.sha256: clash(row.op_id, row.sha256, row.report_id, row.seq or 0).receipt() for row in rows}


def clash(op: str, sha256: str, report: str | None, seq: int = 0) -> Outcome:
    """Return what is said of other bytes under a known id."""
    return Outcome(op, sha256, report, Verdict.QUARANTINED, "op_id_reused", seq, clash=True)


def insert_clash(uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep other bytes under a known id; they are never interpreted."""
    row = {
        "sha256": envelope.sha256,
        "op_id": envelope.id,
        "report_id": envelope.report,
        "jws": envelope.token,
        "received_at": uow.now,
    }
    uow.session.execute(insert(OpClash), [row])


def lock(session: Session, ids: Iterable[str]) -> None:
    """Let no other push work on these reports and devices until this transaction ends, also where they are new."""
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


def load_snapshots(session: Session, ids: Sequence[str]) -> dict[str, bytes]:
    return {row.id: row.snapshot for row in session.execute(_SNAPSHOTS, {"ids": list(ids)})}


def moments(session: Session, beacons: Iterable[str | None]) -> dict[str, str]:
    """Return when the server made the statements with these hashes (ISO 8601); what names one was made after it."""
    wanted = {each for each in beacons if each}
    if not wanted:
        return {}
    return {row.sha256: row.at.isoformat() for row in session.execute(_MOMENTS, {"hashes": list(wanted)})}


def load_judged(session: Session, report: str) -> list[StoredOp]:
    """Return every op that stands in a report."""
    stands = StoredOp.verdict != Verdict.QUARANTINED
    return list(session.scalars(select(StoredOp).where(StoredOp.report_id == report, stands)))


@dataclass(frozen=True)
class KeptString:
    """A string that is kept but not applied; one that is not believed was not signed by the device that it names."""

    jws: str
    believed: bool


def kept_aside(session: Session, report: str, key: str) -> KeptString | None:
    """Return what is kept but not applied of a report under an op's id or a string's hash; None if there is nothing.

    One that waits for others is not among it: nobody has to decide about it.
    """
    own = select(StoredOp.jws, StoredOp.kind).where(
        StoredOp.report_id == report,
        or_(StoredOp.id == key, StoredOp.id == f"sha256:{key}"),
        StoredOp.verdict == Verdict.QUARANTINED,
        StoredOp.reason != WAITING,
    )
    row = session.execute(own).first()
    if row is not None:
        return KeptString(row.jws, row.kind is not None)
    other = session.scalar(select(OpClash.jws).where(OpClash.report_id == report, OpClash.sha256 == key))
    return None if other is None else KeptString(other, True)


def load_scopes(session: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return the scopes that see each report now."""
    scopes: dict[str, set[str]] = {each: set() for each in ids}
    for report, scope in session.execute(_SCOPES, {"ids": list(ids)}):
        scopes[report].add(scope)
    return scopes


def load_quarantined(session: Session, ids: Sequence[str], reasons: Sequence[str]) -> Sequence[Any]:
    """Return the ops of these reports that are kept for one of these reasons, oldest first.

    Of each its jws, sha256, received_at and reason.
    """
    return session.execute(_KEPT, {"ids": list(ids), "reasons": list(reasons)}).all()


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
    rows = session.execute(_RECEIPTS, {"ids": wanted})
    return {row.id for row in rows if row.verdict is not None and row.reason not in UNJUDGED}


_OPS = cast("Table", StoredOp.__table__)
_AGAIN = (
    update(_OPS)
    .where(_OPS.c.id == bindparam("op"))
    .values(seq=bindparam("seq"), verdict=bindparam("verdict"), reason=bindparam("reason"))
)
_ROWS = Rows(
    StoredOp, "id", "sha256", "jws", "device_id", "n", "actor_id", "report_id", "kind", "received_at", "seq", "verdict",
    "reason",
)  # fmt: skip
_RECEIPTS = select(_OPS.c.id, _OPS.c.sha256, _OPS.c.seq, _OPS.c.verdict, _OPS.c.reason).where(among(_OPS.c.id, "ids"))
_KEPT = (
    select(_OPS.c.jws, _OPS.c.sha256, _OPS.c.received_at, _OPS.c.reason)
    # The verdict as a constant: only so does the planner know that the small index of such ops will do.
    .where(among(_OPS.c.report_id, "ids"), _OPS.c.verdict == literal_column("'quarantined'"))
    .where(among(_OPS.c.reason, "reasons"))
    .order_by(_OPS.c.received_at, _OPS.c.device_id, _OPS.c.n)
)
_REPORT, _SCOPE, _LOG = (cast("Table", each.__table__) for each in (Report, ReportScope, ReceiptEntry))
_SNAPSHOTS = select(_REPORT.c.id, _REPORT.c.snapshot).where(among(_REPORT.c.id, "ids"))
_SCOPES = select(_SCOPE.c.report_id, _SCOPE.c.scope).where(among(_SCOPE.c.report_id, "ids"), _SCOPE.c.present)
_MOMENTS = select(_LOG.c.sha256, _LOG.c.at).where(among(_LOG.c.sha256, "hashes"))
