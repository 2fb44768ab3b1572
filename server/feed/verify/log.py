"""The walk of the receipt log: numbers, links, hashes, signatures, and what its receipts say one after another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.feed.finish import COUNTER
from server.feed.models import FeedCounter, ReceiptEntry
from server.feed.signing import payload, signature_fits
from server.feed.verify.places import (
    Misfit,
    changed_byte,
    digest,
    expect,
    first_difference,
    header,
    member_at,
    signature_at,
    unreadable_at,
)
from server.feed.verify.told import ToldOps

TABLE, COUNTER_TABLE = "receipt_log", "feed_counter"
_COLUMNS = (ReceiptEntry.n, ReceiptEntry.prev, ReceiptEntry.jws, ReceiptEntry.sha256, ReceiptEntry.at)
_PAGE = 100
_NAMES = {"op", "sha256", "seq", "verdict", "reason"}


@dataclass
class Log:
    """What the walk of the log came to: how many entries, the hash of the last, who signed what.

    `seq` is the newest number of the feed in it, `newest` the newest that the feed has given out.
    `others` holds (first entry, last entry, key id) of runs of entries that were signed by none of the keys given.
    """

    entries: int = 0
    head: str | None = None
    seq: int = 0
    newest: int = 0
    others: list[tuple[int, int, str]] = field(default_factory=list)
    turn: int = 0
    _time: str = ""
    _seq_before: int = 0

    def begin(self, n: int, time: str) -> None:
        """Tell the transactions apart: what one wrote carries one time, and all its numbers are above those before."""
        if time != self._time:
            self.turn, self._time, self._seq_before = n, time, self.seq

    def is_behind(self, seq: int) -> bool:
        return seq <= self._seq_before


def walk_log(session: Session, keys: Mapping[str, str], told: ToldOps, tick: Callable[[], None]) -> Log:
    """Walk the log from its first entry to its head and note what it tells. Raises Misfit.

    `keys` are public keys of the server as JWK texts, by key id.
    """
    log = Log()
    rows = session.execute(select(*_COLUMNS).order_by(ReceiptEntry.n).execution_options(yield_per=_PAGE))
    for row in rows:
        if row.n != log.entries + 1:
            _raise_missing(row.n, log.entries + 1)
        _check_entry(session, row, log, keys)
        _check_receipts(row, log, told)
        log.entries, log.head = row.n, row.sha256
        tick()
    _check_head(session, log)
    return log


def _raise_missing(found: int, expected: int) -> None:
    if found > expected:
        raise Misfit(TABLE, str(expected), "n", None, f"the entry is missing; the next one that is stored is {found}")
    raise Misfit(TABLE, str(found), "n", 0, "the entry's number comes before the first")


def _check_entry(session: Session, row: Any, log: Log, keys: Mapping[str, str]) -> None:
    found = digest(row.jws)
    signed = _is_signed(row.jws, keys)
    if found != row.sha256:
        if found == _next_names(session, row.n) or (signed and _number(row.jws) == row.n):
            expect(TABLE, row.n, "sha256", row.sha256, found, "the hash is not that of the entry's string")
        raise _broken(session, row, log, "the entry's string does not have the stored hash")
    if signed is False or _number(row.jws) is None:
        raise _broken(session, row, log, "the entry's string was not signed by the server's key")
    _check_members(row, log)
    if signed is None:
        _note_other(log, row.n, header(row.jws).get("kid"))


def _check_members(row: Any, log: Log) -> None:
    said = payload(row.jws)
    links = (("n", row.n, "its number is another one"), ("prev", log.head, "it follows another entry than the last"))
    for name, expected, why in links:
        if said.get(name) != expected:
            raise Misfit(TABLE, str(row.n), "jws", member_at(row.jws, [name], expected), f"{name}: {why}")
    expect(TABLE, row.n, "prev", row.prev, said.get("prev"), "the column is not what the entry's string says")
    expect(TABLE, row.n, "at", row.at.isoformat(), said.get("time"), "the column is not what the entry's string says")


def _is_signed(jws: str, keys: Mapping[str, str]) -> bool | None:
    """Tell whether one of the server's keys signed an entry; None where it names another key."""
    try:
        kid = header(jws).get("kid")
    except (ValueError, AttributeError, RecursionError):
        return False
    return signature_fits(jws, keys[kid]) if kid in keys else None


def _number(jws: str) -> int | None:
    try:
        found: int | None = payload(jws).get("n")
    except (ValueError, LookupError, AttributeError, RecursionError):
        return None
    return found


def _next_names(session: Session, n: int) -> str | None:
    """Return the hash by which the entry after this one, or the head, names this one."""
    later = session.scalar(select(ReceiptEntry.prev).where(ReceiptEntry.n == n + 1))
    return later or session.scalar(select(FeedCounter.log_head).where(FeedCounter.id == COUNTER))


def _broken(session: Session, row: Any, log: Log, said: str) -> Misfit:
    """Name the first byte of an entry's string that can be shown to be wrong."""
    mended = changed_byte(row.jws, _next_names(session, row.n) or "")
    if mended is None:
        mended = unreadable_at(row.jws)
    if mended is not None:
        return Misfit(TABLE, str(row.n), "jws", mended, said)
    members = {"n": row.n, "prev": row.prev, "time": row.at.isoformat()}
    stated = payload(row.jws)
    for name, expected in members.items():
        if not isinstance(stated, dict) or stated.get(name) != expected:
            return Misfit(TABLE, str(row.n), "jws", member_at(row.jws, [name], expected), f"{name}: {said}")
    return Misfit(TABLE, str(row.n), "jws", signature_at(row.jws), f"{said}; the signature does not fit what is before")


def _note_other(log: Log, n: int, kid: Any) -> None:
    name = str(kid)[:64]
    if log.others and log.others[-1][1:] == (n - 1, name):
        log.others[-1] = (log.others[-1][0], n, name)
    else:
        log.others.append((n, n, name))


def _check_receipts(row: Any, log: Log, told: ToldOps) -> None:
    stated = payload(row.jws)
    log.begin(row.n, stated["time"])
    receipts = stated.get("receipts")
    if not isinstance(receipts, list) or not all(isinstance(each, dict) and each.keys() >= _NAMES for each in receipts):
        at = member_at(row.jws, ["receipts"], [])
        raise Misfit(TABLE, str(row.n), "jws", at, "receipts: they are none")
    for place, receipt in enumerate(receipts):
        before = told.before(receipt)
        if before is not None and before.is_repeated(receipt):
            continue
        if before is not None and before.is_final():
            at = member_at(row.jws, ["receipts", place, "verdict"], before.verdict)
            said = f"receipts/{place}: entry {before.last_entry} had said finally what became of this op"
            raise Misfit(TABLE, str(row.n), "jws", at, said)
        if log.is_behind(receipt["seq"]):
            at = member_at(row.jws, ["receipts", place, "seq"], log.seq + 1)
            raise Misfit(TABLE, str(row.n), "jws", at, f"receipts/{place}/seq: the number was given out before")
        told.tell(row.n, place, log.turn, stated["time"], receipt)
        log.seq = max(log.seq, receipt["seq"])


def _check_head(session: Session, log: Log) -> None:
    """Compare the end of the log with the counter's row, which shows where an end was cut off."""
    columns = (FeedCounter.log_n, FeedCounter.log_head, FeedCounter.seq)
    counter = session.execute(select(*columns).where(FeedCounter.id == COUNTER)).first()
    if counter is None:
        if log.entries:
            raise Misfit(COUNTER_TABLE, str(COUNTER), "id", None, "the row is missing")
        return
    if counter.log_n > log.entries and counter.log_head != log.head:
        raise Misfit(TABLE, str(log.entries + 1), "n", None, "the entry is missing; the log's end was cut off")
    if counter.log_n < log.entries and counter.log_head != log.head:
        raise Misfit(TABLE, str(counter.log_n + 1), "n", None, "the entry comes after the end that feed_counter names")
    expect(COUNTER_TABLE, COUNTER, "log_n", counter.log_n, log.entries, "the log has another length")
    expect(COUNTER_TABLE, COUNTER, "log_head", counter.log_head, log.head, "the log ends with another entry")
    log.newest = counter.seq
    if counter.seq < log.seq:
        offset = first_difference(str(counter.seq), str(log.seq))
        raise Misfit(COUNTER_TABLE, str(COUNTER), "seq", offset, f"the log gave out numbers up to {log.seq}")
