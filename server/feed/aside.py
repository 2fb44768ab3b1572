"""What the feed tells of ops beside the snapshot: those that are kept but not applied, and remarks on others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Boolean, Select, Table, func, literal, literal_column, select, union, union_all
from sqlalchemy.orm import Session

from server.bulk import among
from server.feed import store
from server.feed.changes import compact
from server.feed.models import OpClash, OpFlag, StoredOp
from server.feed.signing import read
from sync.merge import Snapshot
from sync.op import LATE, REVIEW, Op

# How many of a report's kept ops, and of its remarks, are told with it; and how many bytes of what those ops say.
SHOWN = 50
SAID = 64 * 1024
UNREAD = "sha256:"


@dataclass(frozen=True)
class Kept:
    """What a report tells of the ops that are kept aside: some of them, and how many there are."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0


def facts(kept: Kept | None, flags: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return what a copy says of both, beside the snapshot."""
    kept = kept or Kept()
    return {"quarantined": kept.entries, "kept": kept.count, "flags": flags or []}


def told_of(session: Session, ids: Sequence[str]) -> list[str]:
    """Return which reports have anything of the kind; most have not, and one question is cheaper than three."""
    told = set(session.scalars(_TOLD, {"ids": list(ids)}))
    return [each for each in ids if each in told]


def settled_in(snapshots: Iterable[Snapshot]) -> set[str]:
    """Return which kept ops somebody has decided about in these reports, by id or by the hash of their string."""
    marks = (name for each in snapshots for name in each["fields"].get(REVIEW, {}) if name.startswith(LATE))
    return {name.removeprefix(LATE) for name in marks}


def quarantined(session: Session, ids: Sequence[str], settled: Collection[str]) -> dict[str, Kept]:
    """Return per report the ops that are kept aside, with what they would have written and why it was not.

    Bounded, because it is written anew with each change of the report (P8): first those that nobody has decided about,
    the newest before the older. So whoever decides is shown the next ones; and the history has them all.
    """
    if not ids:
        return {}
    names = [*settled, *(f"{UNREAD}{each}" for each in settled)]
    ranked = session.execute(_RANKED, {"ids": list(ids), "settled": names}).all()
    strings = _strings(session, ranked)
    rows = [(row, read(strings[row.clash, row.sha256])) for row in ranked]
    moments = store.moments(session, (envelope.op.beacon for _, envelope in rows if envelope.op))
    believed = _believed_since(session, [envelope.op for row, envelope in rows if row.unread and envelope.op])
    found: dict[str, Kept] = {}
    for report, own in groupby(rows, lambda each: str(each[0].report_id)):
        listed = list(own)
        shown = [(row, each.op) for row, each in listed if not (row.unread and row.sha256 in believed)]
        entries = _within_room([_entry(row, op, moments) for row, op in shown])
        entries.sort(key=lambda entry: (entry["received"], entry["op"], entry["sha256"]))
        found[report] = Kept(entries, listed[0][0].kept - len(listed) + len(shown))
    return found


def _strings(session: Session, rows: Sequence[Any]) -> dict[tuple[bool, str], str]:
    """Return the strings by whether they clash, and by hash."""
    found: dict[tuple[bool, str], str] = {}
    for clash, columns, key in ((False, _OPS, _OPS.id), (True, _CLASHES, _CLASHES.sha256)):
        wanted = [row.sha256 if clash else row.id for row in rows if row.clash == clash]
        if wanted:
            strings = session.execute(select(columns.sha256, columns.jws).where(key.in_(wanted)))
            found.update({(clash, sha256): jws for sha256, jws in strings})
    return found


def _believed_since(session: Session, ops: Sequence[Op]) -> set[str]:
    """Return which strings came again and were believed: their device was enrolled meanwhile, or the server updated."""
    if not ops:
        return set()
    return set(session.scalars(select(_OPS.sha256).where(_OPS.id.in_([each.id for each in ops]))))


def _within_room(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what there is no room for of what ops say; what comes first has it first."""
    room = SAID
    for entry in entries:
        size = len(compact(entry["edits"]))
        if size > room:
            entry["edits"] = None
        else:
            room -= size
    return entries


def _entry(row: Any, op: Op | None, moments: Mapping[str, str]) -> dict[str, Any]:
    # What is not believed is nobody's words.
    said = None if row.unread else op
    return {
        "op": row.id,
        "sha256": row.sha256,
        "kind": said.kind if said else None,
        "actor": said.actor if said else None,
        "device": said.device if said else None,
        "reason": row.reason,
        "received": row.received_at.isoformat(),
        "not_before": moments.get(op.beacon or "") if op else None,
        "wall": op.wall if op else None,
        "edits": [
            {"entity": edit.entity, "field": edit.field, "base": list(edit.base), "value": edit.value}
            for edit in (said.edits if said else ())
        ],
    }


def flags(session: Session, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return per report the remarks on its ops: the newest, in the order of the ops."""
    if not ids:
        return {}
    newest = (_FLAGS.op_id.desc(), _FLAGS.other_id.desc(), _FLAGS.flag.desc())
    rank = func.row_number().over(partition_by=_FLAGS.report_id, order_by=newest).label("rank")
    ranked = select(*_FLAGS, rank).where(_FLAGS.report_id.in_(ids)).subquery()
    shown = select(ranked).where(ranked.c.rank <= SHOWN).order_by(ranked.c.report_id, ranked.c.rank.desc())
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(shown):
        entry = {"op": row.op_id, "device": row.device_id, "flag": row.flag, "other": row.other_id}
        found.setdefault(row.report_id, []).append(entry)
    return found


_OPS, _CLASHES, _FLAGS = (cast("Table", each.__table__).c for each in (StoredOp, OpClash, OpFlag))
# As a constant: only so does the planner know that the small index of such ops will do.
_ASIDE: Any = literal_column("'quarantined'")
_TOLD = union(
    select(_OPS.report_id).where(among(_OPS.report_id, "ids"), _OPS.verdict == _ASIDE),
    select(_CLASHES.report_id).where(among(_CLASHES.report_id, "ids")),
    select(_FLAGS.report_id).where(among(_FLAGS.report_id, "ids")),
)


def _ranked() -> Select[Any]:
    """Select what is shown of each report, what matters most first, and how many there are."""
    nothing, one = literal(False, Boolean), literal(True, Boolean)
    ops = select(
        _OPS.report_id,
        _OPS.id,
        _OPS.sha256,
        _OPS.reason,
        _OPS.received_at,
        _OPS.kind.is_(None).label("unread"),
        among(_OPS.id, "settled").label("settled"),
        nothing.label("clash"),
    ).where(among(_OPS.report_id, "ids"), _OPS.verdict == _ASIDE)
    others = select(
        _CLASHES.report_id,
        _CLASHES.op_id,
        _CLASHES.sha256,
        literal("op_id_reused"),
        _CLASHES.received_at,
        nothing,
        among(_CLASHES.sha256, "settled"),
        one,
    ).where(among(_CLASHES.report_id, "ids"))
    told = union_all(ops, others).subquery()
    first = (told.c.settled, told.c.unread, told.c.received_at.desc(), told.c.id.desc(), told.c.sha256)
    rank = func.row_number().over(partition_by=told.c.report_id, order_by=first).label("rank")
    count = func.count().over(partition_by=told.c.report_id).label("kept")
    ranked = select(told, rank, count).subquery()
    return select(ranked).where(ranked.c.rank <= SHOWN).order_by(ranked.c.report_id, ranked.c.rank)


_RANKED = _ranked()
