"""Verification: does everything that is stored of ops, receipts and reports still fit together, to the byte?

The order of the walk is fixed, so that "the first byte that does not fit" is one answer:

1. `receipt_log` from its first entry to its last, then `feed_counter`. The log comes first because the server signed
   it and each entry seals the one before: what it acknowledges is the measure of all else.
2. `op` in the order of ids, then `op_clash` in the order of hashes: the string, the columns, the device's signature,
   the receipt. Then the ops that the log acknowledges and that are gone.
3. The device chains, where what is odd is only remarked on.
4. `report` in the order of ids: the snapshot is worked out again from the ops, then what its facts tell of kept ones.

The walk ends at the first misfit, because what follows is measured by what came before. It reads one state of the
database from beginning to end, takes no lock that a writer would wait for, and writes nothing. What it cannot see: a
database that was put back as a whole to an earlier state (keep the printed head elsewhere); holds, photos, patches and
scopes, which are written anew with each change.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.db import Model
from server.feed.models import OpClash, ReceiptEntry, Report, StoredOp
from server.feed.signing import ServerKey
from server.feed.verify.chains import Remarks, walk_chains
from server.feed.verify.log import Log, walk_log
from server.feed.verify.ops import walk_ops
from server.feed.verify.places import Misfit
from server.feed.verify.reports import walk_reports
from server.feed.verify.told import ToldOps

__all__ = ["Misfit", "Progress", "Remarks", "Verification", "one_state", "verify"]

# Told after each row: what is walked, how many rows are done, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Verification:
    """What the walk came to. `head` is the hash of the log's last entry; `misfit` the first thing that does not fit."""

    ops: int
    statements: int
    reports: int
    devices: int
    head: str | None
    misfit: Misfit | None
    remarks: Remarks

    @property
    def ok(self) -> bool:
        return self.misfit is None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain values; the remarks are the first of `remarks_count`."""
        return {
            "ok": self.ok,
            "ops": self.ops,
            "statements": self.statements,
            "reports": self.reports,
            "devices": self.devices,
            "head": self.head,
            "misfit": asdict(self.misfit) if self.misfit else None,
            "remarks": self.remarks.said,
            "remarks_count": self.remarks.count,
        }


@contextmanager
def one_state(session: Session) -> Iterator[Session]:
    """Let everything that is read within come from one state of the database, while others write."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        try:
            yield session
        finally:
            session.rollback()
        return
    # By itself the driver begins no transaction, and each statement would see another state.
    session.connection().exec_driver_sql("BEGIN")
    connection: Any = session.connection().connection.dbapi_connection
    connection.text_factory = _text
    try:
        yield session
    finally:
        connection.text_factory = str
        session.rollback()


def _text(raw: bytes) -> str:
    """Read a text of SQLite in which bytes may have gone bad: they must be found and not end the walk."""
    return raw.decode("utf-8", "surrogateescape")


def verify(session: Session, *, progress: Progress | None = None, former_keys: Sequence[Path] = ()) -> Verification:
    """Walk receipts, ops, chains and reports; name the first byte that does not fit. Call it within `one_state`.

    `former_keys` are files of keys that the server signed with before. Entries signed by none that is known are
    remarked on: their signatures cannot be checked, their place in the chain is.
    """
    own: ServerKey = current_app.extensions["server_key"]
    keys = {key.kid: json.dumps(key.jwk) for key in (own, *map(ServerKey, former_keys))}
    tables = (StoredOp, OpClash, ReceiptEntry, Report)
    ops, clashes, statements, reports = (_count(session, each) for each in tables)
    remarks, told = Remarks(), ToldOps()
    log, devices, misfit = Log(), 0, None
    try:
        log = walk_log(session, keys, told, _ticker(progress, "receipt_log", statements))
        for first, last, kid in log.others:
            remarks.add(f"receipt_log {first} to {last}: signed by the key {kid}, which is not at hand")
        walk_ops(session, told, remarks, _ticker(progress, "op", ops + clashes))
        devices = walk_chains(session, remarks, _ticker(progress, "device chains", ops))
        walk_reports(session, told, log, remarks, _ticker(progress, "report", reports))
    except Misfit as found:
        misfit = found
    finally:
        told.close()
    return Verification(ops, statements, reports, devices, log.head, misfit, remarks)


def _count(session: Session, model: type[Model]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _ticker(progress: Progress | None, what: str, of: int) -> Callable[[], None]:
    done = itertools.count(1)
    return (lambda: progress(what, next(done), of)) if progress else lambda: None
