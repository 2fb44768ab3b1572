"""The walk of the stored ops, and of other bytes under their ids: string, columns, device, receipt."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import current_app
from jwt import PyJWTError
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.feed.models import OpClash, StoredOp
from server.feed.signing import Envelope, payload, read, signature_fits
from server.feed.verify.chains import Remarks
from server.feed.verify.places import (
    Misfit,
    changed_byte,
    digest,
    expect,
    member_at,
    signature_at,
    unreadable_at,
)
from server.feed.verify.told import REUSED, Told, ToldOps
from server.security import DeviceKey

_PAGE = 200
_UNREAD = "sha256:"
_OPS = select(
    StoredOp.id,
    StoredOp.sha256,
    StoredOp.jws,
    StoredOp.device_id,
    StoredOp.n,
    StoredOp.actor_id,
    StoredOp.report_id,
    StoredOp.kind,
    StoredOp.received_at,
    StoredOp.seq,
    StoredOp.verdict,
    StoredOp.reason,
).order_by(StoredOp.id)
_CLASHES = select(
    OpClash.sha256, OpClash.op_id, OpClash.report_id, OpClash.jws, OpClash.received_at, OpClash.seq
).order_by(OpClash.sha256)


@dataclass(frozen=True)
class _Table:
    """A table of signed strings: `id` names the column of the op's id, `members` which column holds which member."""

    name: str
    row: str
    id: str
    members: Mapping[str, str]
    clash: bool


_OP = _Table(
    "op",
    "id",
    "id",
    {"id": "op", "device_id": "device", "n": "n", "actor_id": "actor", "report_id": "report", "kind": "kind"},
    clash=False,
)
_CLASH = _Table("op_clash", "sha256", "op_id", {"op_id": "op", "report_id": "report"}, clash=True)


def walk_ops(session: Session, told: ToldOps, remarks: Remarks, tick: Callable[[], None]) -> None:
    """Walk the ops in the order of their ids, then the clashes by hash, then look for ops that are gone.

    Raises Misfit. The log was walked before: what it acknowledged is what an op's string is measured by.
    """
    for table, wanted in ((_OP, _OPS), (_CLASH, _CLASHES)):
        rows = iter(session.execute(wanted.execution_options(yield_per=_PAGE)))
        while page := list(islice(rows, _PAGE)):
            read_in = [(row, read(row.jws) if row.jws.isascii() else None) for row in page]
            keys = _keys(session, (envelope for _, envelope in read_in if envelope))
            for row, envelope in read_in:
                _check(table, row, envelope, keys, told)
                if table.clash and row.report_id is None:
                    remarks.add(f"op_clash {row.sha256}: it comes from a version that did not note its report")
                tick()
    gone = told.first_unmet()
    if gone is not None:
        table, name = (_CLASH, gone.sha256) if gone.reason == REUSED else (_OP, gone.op)
        said = f"the row is missing; receipt_log {gone.entry} acknowledges it"
        raise Misfit(table.name, name, table.row, None, said)


def _keys(session: Session, envelopes: Iterator[Envelope]) -> Mapping[str, DeviceKey]:
    devices = {each.op.device for each in envelopes if each.op}
    found: Mapping[str, DeviceKey] = current_app.extensions["device_keys"](session, devices)
    return found


def _check(table: _Table, row: Any, envelope: Envelope | None, keys: Mapping[str, DeviceKey], told: ToldOps) -> None:
    words = _acknowledged(table, row, told)
    if envelope is None:
        raise _broken(table, row, told)
    if words.op.startswith(_UNREAD):
        _check_unread(table, row, envelope)
    else:
        _check_read(table, row, envelope, keys)
    expect(table.name, _name(table, row), "received_at", row.received_at.isoformat(), words.received, "see its receipt")
    for column in ("seq",) if table.clash else ("seq", "verdict", "reason"):
        said = f"receipt_log {words.last_entry} says otherwise"
        expect(table.name, _name(table, row), column, getattr(row, column), getattr(words, column), said)
    told.meet(words)


def _name(table: _Table, row: Any) -> str:
    return str(getattr(row, table.row))


def _acknowledged(table: _Table, row: Any, told: ToldOps) -> Told:
    """Return what the log tells of a row's string; raise Misfit where it has not acknowledged this row as it is."""
    found, id, name = digest(row.jws), getattr(row, table.id), _name(table, row)
    words = told.of(id, found, clash=table.clash)
    if words is None:
        known = told.id_of(found, clash=table.clash)
        if known is not None and row.sha256 == found and told.hash_of(id, clash=table.clash) is None:
            expect(table.name, name, table.id, id, known, "the string was acknowledged under another id")
        raise (
            _broken(table, row, told)
            if _is_known(table, row, told)
            else Misfit(table.name, name, table.row, None, "no receipt acknowledges this row")
        )
    expect(table.name, name, "sha256", row.sha256, found, "the hash is not that of the row's string")
    return words


def _is_known(table: _Table, row: Any, told: ToldOps) -> bool:
    """Tell whether a row stands for something that was acknowledged, by its id or by its hash."""
    return (
        told.hash_of(getattr(row, table.id), clash=table.clash) is not None
        or told.id_of(row.sha256, clash=table.clash) is not None
    )


def _check_unread(table: _Table, row: Any, envelope: Envelope) -> None:
    """Check what could not be believed: it has no columns but its hash and the report that it names."""
    for column in table.members:
        if column == table.id:
            continue
        expected = envelope.report if column == "report_id" else None
        expect(table.name, row.id, column, getattr(row, column), expected, "the op could not be read")


def _check_read(table: _Table, row: Any, envelope: Envelope, keys: Mapping[str, DeviceKey]) -> None:
    op, name = envelope.op, _name(table, row)
    if op is None:
        said = f"it was acknowledged as an op and cannot be read as one ({envelope.reason})"
        raise Misfit(table.name, name, "jws", unreadable_at(row.jws) or 0, said)
    for column, member in table.members.items():
        expected = op.id if member == "op" else getattr(op, member)
        if table.clash and column == "report_id" and row.report_id is None:
            continue  # migration 0002 left it so; who empties it later is found by the facts of the report
        expect(table.name, name, column, getattr(row, column), expected, "the column is not what the op says")
    key = keys.get(op.device)
    if key is None:
        raise Misfit("device", op.device, "id", None, f"the row is missing; {table.name} {name} is signed by it")
    # The string is what was acknowledged, and was checked then: so it is the key that is another one now.
    if not _fits(row.jws, key.jwk):
        raise Misfit("device", op.device, "public_jwk", None, f"the key does not fit the signature of op {op.id}")
    expect("device", op.device, "user_id", key.user, op.actor, f"the device wrote op {op.id} as another user's")


def _fits(jws: str, jwk: str) -> bool:
    try:
        return signature_fits(jws, jwk)
    except PyJWTError:
        return False


def _broken(table: _Table, row: Any, told: ToldOps) -> Misfit:
    """Name the first byte of a string that can be shown to be wrong: it is not the one that was acknowledged."""
    id, name, said = getattr(row, table.id), _name(table, row), "the string is not the one that was acknowledged"
    wanted = {row.sha256, told.hash_of(id, clash=table.clash)} - {None}
    mended = (changed_byte(row.jws, each) for each in sorted(wanted))
    place = next((each for each in mended if each is not None), None)
    if place is not None or id.startswith(_UNREAD):
        return Misfit(table.name, name, "jws", place, said)
    place = unreadable_at(row.jws)
    if place is not None:
        return Misfit(table.name, name, "jws", place, said)
    stated = payload(row.jws)
    for column, member in table.members.items():
        expected = getattr(row, column)
        if not isinstance(stated, dict) or stated.get(member) != expected:
            return Misfit(table.name, name, "jws", member_at(row.jws, [member], expected), f"{member}: {said}")
    return Misfit(table.name, name, "jws", signature_at(row.jws), f"{said}; the signature does not fit what is before")
