"""Pages of the feed, put together from stored bytes: whole copies, or only what changed since a reader's cursor."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from server.bulk import among
from server.feed import policy
from server.feed.finish import COUNTER
from server.feed.models import FeedCounter, ReceiptEntry, Report, ReportChange, ReportScope
from server.security import Actor
from sync import cursor as cursors
from sync.cursor import Cursor

PAGE = 200
# A page ends once it has so many bytes of changes: a slow line must get through with one.
ENOUGH = 1 << 20


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


class FutureLost(Exception):
    """A reader has seen what this server does not hold: the database was restored from before it (P12)."""


def page(session: Session, actor: Actor, token: str | None, limit: int, key: bytes) -> Page:
    """Return the next page of changes for an actor's scope, and where to go on. Raises FutureLost.

    A cursor of another epoch or scope starts from zero with `reset`: the client takes a new base, and keeps what it
    has not sent yet.
    """
    scope = policy.reader_scope(actor) or ""
    epoch, newest = _counter(session, FeedCounter.epoch, FeedCounter.seq) or ("", 0)
    start = cursors.decode(token, key) if token else None
    mark = cursors.mark(epoch, scope)
    reset = start is None or start.mark != mark
    since, held = (0, 0) if start is None or reset else (start.seq, start.held)
    if start and not reset and _is_beyond(session, start, newest):
        raise FutureLost()
    rows = _rows(session, scope, since, limit + 1)
    shown = [row for row in rows[:limit] if row.present]
    # Whoever walks the feed for the first time holds nothing that could be patched.
    patches = _patches(session, shown, held) if held else {}
    taken = _enough(rows[:limit], patches)
    copies = _copies(session, scope, [row.id for row in taken if row.present and row.id not in patches])
    flat = [each for row in taken if row.present for each in patches.get(row.id) or copies.get(row.id, [])]
    actors, devices = mentioned(flat)
    reached, more = taken[-1].seq if taken else since, len(rows) > len(taken)
    # Read last: a log that is shorter than what was read would let a restore to between the two go unnoticed.
    statements, head = _counter(session, FeedCounter.log_n, FeedCounter.log_head) or (0, None)
    return Page(
        changes=flat,
        # A new reader has no copies to remove.
        left=[row.id for row in taken if not row.present and not reset],
        actors=actors,
        devices=devices,
        cursor=Cursor(mark, reached, held if more else reached, statements, head).encode(key),
        more=more,
        reset=reset,
        beacon=head,
    )


def _counter(session: Session, *columns: Any) -> Any:
    return session.execute(select(*columns).where(FeedCounter.id == COUNTER)).first()


def _is_beyond(session: Session, start: Cursor, newest: int) -> bool:
    if start.seq > newest:
        return True
    if not start.statements:
        return False
    known = session.scalar(select(ReceiptEntry.sha256).where(ReceiptEntry.n == start.statements))
    return known is None or not known.startswith(start.head or "")


def _rows(session: Session, scope: str, since: int, limit: int) -> Sequence[Any]:
    size = (func.length(Report.snapshot) + func.length(Report.facts)).label("size")
    return session.execute(
        select(ReportScope.seq, ReportScope.entered, ReportScope.present, Report.id, size)
        .join(Report, Report.id == ReportScope.report_id)
        .where(ReportScope.scope == scope, ReportScope.seq > since)
        .order_by(ReportScope.seq)
        .limit(limit)
    ).all()


def _enough(rows: Sequence[Any], patches: Mapping[str, Sequence[bytes]]) -> Sequence[Any]:
    """Return as many as a page may hold, and one at least."""
    size = 0
    for place, row in enumerate(rows):
        size += sum(map(len, patches[row.id])) if row.id in patches else row.size if row.present else 0
        if size > ENOUGH:
            return rows[: max(place, 1)]
    return rows


def _copies(session: Session, scope: str, ids: Sequence[str]) -> dict[str, list[bytes]]:
    """Return reports whole, as they are by now; one that left the scope meanwhile comes as such with a later page."""
    if not ids:
        return {}
    found = session.execute(_COPIES, {"ids": list(ids), "scope": scope})
    return {row.id: [copy_of(row.id, row.seq, row.snapshot, row.facts)] for row in found}


_COPIES = (
    select(Report.id, Report.seq, Report.snapshot, Report.facts)
    .join(ReportScope, ReportScope.report_id == Report.id)
    .where(ReportScope.scope == bindparam("scope"), ReportScope.present, among(Report.id, "ids"))
)


def _patches(session: Session, rows: Sequence[Any], held: int) -> dict[str, list[bytes]]:
    """Return what changed in reports that the reader has as they were at `held`; others are sent as a whole.

    A report that an earlier page of the same walk brought already may come again; its reader skips what it has.
    """
    known = {row.id: row for row in rows if row.entered <= held}
    if not known:
        return {}
    found: dict[str, list[Any]] = {}
    columns = (ReportChange.report_id, ReportChange.seq, ReportChange.since, ReportChange.patch)
    wanted = (ReportChange.report_id.in_(list(known)), ReportChange.seq > held)
    for change in session.execute(select(*columns).where(*wanted).order_by(ReportChange.seq)):
        if change.seq <= known[change.report_id].seq:
            found.setdefault(change.report_id, []).append(change)
    return {
        report: [_change(report, each.seq, each.since, each.patch) for each in changes]
        for report, changes in found.items()
        if _leads(changes, held, known[report].seq) and _is_less(changes, known[report])
    }


def _leads(changes: Sequence[Any], held: int, to: int) -> bool:
    """Tell whether changes follow one another without a gap, from what stood at `held` up to `to`."""
    reached = changes[0].since
    if reached > held:
        return False
    for each in changes:
        if each.since != reached:
            return False
        reached = each.seq
    return bool(reached == to)


def _is_less(changes: Sequence[Any], row: Any) -> bool:
    return bool(sum(len(each.patch) for each in changes) < row.size)


def copy_of(report: str, seq: int, snapshot: bytes, facts: bytes) -> bytes:
    """Put a copy together from stored bytes; the facts are an object whose members stand beside the snapshot."""
    return b'{"report":"%s","seq":%d,"snapshot":%s,%s' % (report.encode(), seq, snapshot, facts[1:])


def _change(report: str, seq: int, since: int, patch: bytes) -> bytes:
    return b'{"report":"%s","seq":%d,"since":%d,"patch":%s}' % (report.encode(), seq, since, patch)


_ACTOR = re.compile(rb'"(?:actor|author)":"([0-9a-f-]{36})"')
_DEVICE = re.compile(rb'"device":"([0-9a-f-]{36})"')


def mentioned(parts: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """Return the users and devices that stored bytes name, without parsing them; names are no secret of a report."""
    whole = b"\n".join(parts)
    actors = {found.decode() for found in set(_ACTOR.findall(whole))}
    return actors, {found.decode() for found in set(_DEVICE.findall(whole))}
