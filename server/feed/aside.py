"""What the feed tells of ops beside the snapshot: those that are kept but not applied, and remarks on others."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, literal_column, select, union_all
from sqlalchemy.orm import Session

from server.bulk import among
from server.feed import store
from server.feed.models import OpClash, OpFlag, StoredOp
from server.feed.signing import Envelope, read
from sync.op import Op
from sync.verdicts import Verdict

Entries = dict[str, list[dict[str, Any]]]


def told_of(session: Session, ids: Sequence[str]) -> list[str]:
    """Return which reports have anything of the kind; most have not, and one question is cheaper than three."""
    told = set(session.scalars(_TOLD, {"ids": list(ids)}))
    return [each for each in ids if each in told]


def quarantined(session: Session, ids: Sequence[str]) -> Entries:
    """Return per report the ops that are kept aside, with what they would have written and why it was not."""
    if not ids:
        return {}
    rows = session.scalars(
        select(StoredOp)
        .where(StoredOp.report_id.in_(ids), StoredOp.verdict == Verdict.QUARANTINED)
        .order_by(StoredOp.received_at, StoredOp.id)
    ).all()
    clashes = session.scalars(
        select(OpClash).where(OpClash.report_id.in_(ids)).order_by(OpClash.received_at, OpClash.sha256)
    ).all()
    told: list[tuple[StoredOp | OpClash, str]] = [(row, str(row.reason)) for row in rows]
    return _entries(session, [*told, *((row, "op_id_reused") for row in clashes)])


def _entries(session: Session, told: Sequence[tuple[StoredOp | OpClash, str]]) -> Entries:
    envelopes = {row.sha256: read(row.jws) for row, _ in told}
    believed = _believed_since(session, [row for row, _ in told if _is_unread(row)], envelopes)
    moments = store.moments(session, (each.op.beacon for each in envelopes.values() if each.op))
    found: Entries = {}
    for row, reason in told:
        if _is_unread(row) and row.sha256 in believed:
            continue
        entry = _entry(row, envelopes[row.sha256].op, reason, moments)
        found.setdefault(str(row.report_id), []).append(entry)
    return found


def _is_unread(row: StoredOp | OpClash) -> bool:
    return isinstance(row, StoredOp) and row.kind is None


def _believed_since(session: Session, unread: Sequence[Any], envelopes: Mapping[str, Envelope]) -> set[str]:
    """Return which strings came again and were believed: their device was enrolled meanwhile, or the server updated."""
    ops = [op.id for row in unread if (op := envelopes[row.sha256].op)]
    if not ops:
        return set()
    return set(session.scalars(select(StoredOp.sha256).where(StoredOp.id.in_(ops))))


def _entry(row: StoredOp | OpClash, op: Op | None, reason: str, moments: Mapping[str, str]) -> dict[str, Any]:
    unread = _is_unread(row)
    return {
        "op": row.id if isinstance(row, StoredOp) else row.op_id,
        "sha256": row.sha256,
        "kind": None if op is None or unread else op.kind,
        "actor": None if op is None or unread else op.actor,
        "device": None if op is None or unread else op.device,
        "reason": reason,
        "received": row.received_at.isoformat(),
        "not_before": moments.get(op.beacon or "") if op else None,
        "wall": op.wall if op else None,
        "edits": [
            {"entity": edit.entity, "field": edit.field, "base": list(edit.base), "value": edit.value}
            for edit in (op.edits if op else ())
        ],
    }


def flags(session: Session, ids: Sequence[str]) -> Entries:
    """Return per report the remarks on its ops."""
    if not ids:
        return {}
    rows = session.scalars(
        select(OpFlag).where(OpFlag.report_id.in_(ids)).order_by(OpFlag.op_id, OpFlag.other_id, OpFlag.flag)
    )
    found: Entries = {}
    for row in rows:
        entry = {"op": row.op_id, "device": row.device_id, "flag": row.flag, "other": row.other_id}
        found.setdefault(row.report_id, []).append(entry)
    return found


_OPS, _CLASHES, _FLAGS = (cast("Table", each.__table__).c for each in (StoredOp, OpClash, OpFlag))
_TOLD = union_all(
    # The verdict as a constant: only so does the planner know that the small index of such ops will do.
    select(_OPS.report_id).where(among(_OPS.report_id, "ids"), _OPS.verdict == literal_column("'quarantined'")),
    select(_CLASHES.report_id).where(among(_CLASHES.report_id, "ids")),
    select(_FLAGS.report_id).where(among(_FLAGS.report_id, "ids")),
)
