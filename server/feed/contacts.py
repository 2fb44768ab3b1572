"""What devices last said of themselves: how much they still hold, and whether all that they counted has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, case, func, or_, select
from sqlalchemy.orm import Session

from server.bulk import Rows, among
from server.db import UnitOfWork, upsertable
from server.feed import policy
from server.feed.models import DeviceContact, OpFlag, ReportScope, StoredOp
from server.security import Actor
from sync.op import Op

# A contact that says nothing new is written down no more often than this.
_AGAIN = timedelta(minutes=1)
# Whose ops are kept for one of these reasons did not write to the report: naming its id takes no right to it.
_NOT_THEIRS = ("not_allowed", "own_report", "revoked_device")
# With how many others an op is flagged that were counted alike.
_ALIKE = 8


@dataclass(frozen=True)
class Contact:
    """A device that holds ops back, or of whose ops some have not come though later ones have."""

    device: str
    actor: str
    unsent: int | None
    missing: int
    at: datetime


def count(uow: UnitOfWork, ops: Sequence[Op], unsent: Mapping[str, int]) -> None:
    """Count new ops, and note how many more their devices say they hold. Their devices are locked.

    Where a device counted two ops alike, it was restored from an older state: both stand, and both are flagged.
    """
    stored = _counted_alike(uow.session, ops)
    alike = {place: dict(known) for place, known in stored.items()}
    for each in ops:
        alike[each.device, each.n][each.id] = each.report
    new = {each.id for each in ops}
    flags = [
        {"op_id": one, "other_id": other, "flag": "n_reused", "report_id": reports[one], "device_id": device}
        for (device, _n), reports in alike.items()
        for one, other in _pairs(sorted(reports))
        # What was flagged before is not written again, nor its report told of anew.
        if one in new or other in new
    ]
    if flags:
        uow.session.execute(upsertable(uow.session, OpFlag.__table__).on_conflict_do_nothing(), flags)
        for flag in flags:
            uow.publish(flag["report_id"])
    rows = []
    for device, user in sorted({each.device: each.actor for each in ops}.items()):
        counts = {each.n for each in ops if each.device == device}
        more = sum(not stored[device, n] for n in counts)
        rows.append(_row(uow, device, user, unsent.get(device), more, max(counts)))
    _write(uow.session, rows)


def _pairs(alike: Sequence[str]) -> set[tuple[str, str]]:
    """Return which ops are flagged with which others: all of a few; of many each with the first (P8)."""
    return {pair for one in alike for first in alike[:_ALIKE] if one != first for pair in ((one, first), (first, one))}


def _counted_alike(session: Session, ops: Sequence[Op]) -> dict[tuple[str, int], dict[str, str]]:
    """Return {(device, n): {stored op: its report}} for the counts of new ops."""
    found: dict[tuple[str, int], dict[str, str]] = {(each.device, each.n): {} for each in ops}
    counts: dict[str, list[int]] = {}
    for each in ops:
        counts.setdefault(each.device, []).append(each.n)
    tops = {row.device_id: row.top_n for row in session.execute(_TOPS, {"ids": list(counts)})}
    # A device's ops come in their order, so most often it never counted as far before; and if it did, the span of
    # what came now holds little else.
    spans = [
        (StoredOp.device_id == device) & StoredOp.n.between(min(mine), max(mine))
        for device, mine in counts.items()
        if min(mine) <= tops.get(device, 0)
    ]
    if not spans:
        return found
    columns = (StoredOp.id, StoredOp.device_id, StoredOp.n, StoredOp.report_id)
    for row in session.execute(select(*columns).where(or_(*spans))):
        if (row.device_id, row.n) in found:
            found[row.device_id, row.n][row.id] = row.report_id
    return found


def report(uow: UnitOfWork, device: str, user: str, unsent: int) -> None:
    """Write down how many ops a device says it still holds."""
    _write(uow.session, [_row(uow, device, user, unsent, 0, 0)])


def is_news(session: Session, device: str, unsent: int, now: datetime) -> bool:
    """Tell whether a device says something else than before, or has not been heard of for a while."""
    known = session.execute(
        select(DeviceContact.unsent, DeviceContact.at).where(DeviceContact.device_id == device)
    ).first()
    return known is None or known.unsent != unsent or now - known.at > _AGAIN


def _row(uow: UnitOfWork, device: str, user: str, unsent: int | None, ops: int, top_n: int) -> dict[str, Any]:
    return {"device_id": device, "user_id": user, "unsent": unsent, "ops": ops, "top_n": top_n, "at": uow.now}


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    _CONTACTS.write(session, rows)


def _add_up(insert: Any) -> Any:
    given, table = insert.excluded, _CONTACT.c
    # `max` of two values is another function in each database.
    top = case((given.top_n > table.top_n, given.top_n), else_=table.top_n)
    changed = {
        "unsent": func.coalesce(given.unsent, table.unsent),
        "top_n": top,
        "ops": table.ops + given.ops,
        "at": given.at,
    }
    return insert.on_conflict_do_update(index_elements=["device_id"], set_=changed)


def behind(session: Session, actor: Actor) -> list[Contact]:
    """Return the devices that are behind: an officer's own, or for a desk those that wrote to its reports."""
    table = DeviceContact
    late = select(table).where((table.unsent > 0) | (table.top_n > table.ops)).order_by(table.at.desc())
    if actor.role == "officer":
        late = late.where(table.user_id == actor.id)
    else:
        wrote = (
            select(StoredOp.id)
            .join(ReportScope, ReportScope.report_id == StoredOp.report_id)
            .where(
                StoredOp.device_id == table.device_id,
                ReportScope.scope == policy.reader_scope(actor),
                ReportScope.present,
                func.coalesce(StoredOp.reason, "").not_in(_NOT_THEIRS),
            )
        )
        late = late.where(wrote.exists())
    return [_contact(row) for row in session.scalars(late)]


def _contact(row: DeviceContact) -> Contact:
    return Contact(row.device_id, row.user_id, row.unsent, max(row.top_n - row.ops, 0), row.at)


_CONTACT = cast("Table", DeviceContact.__table__)
_CONTACTS = Rows(DeviceContact, "device_id", "user_id", "unsent", "top_n", "ops", "at", on_conflict=_add_up)
_TOPS = select(_CONTACT.c.device_id, _CONTACT.c.top_n).where(among(_CONTACT.c.device_id, "ids"))
