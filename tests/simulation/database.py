"""What the server has stored, read past the server: the truth that its answers are compared with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from tests.simulation.server import Server


@dataclass(frozen=True)
class StoredRow:
    """An op's row. A clash (other bytes under a known id) is one too, with the verdict of its receipt."""

    id: str
    sha256: str
    jws: str
    device: str | None
    n: int | None
    report: str | None
    kind: str | None
    seq: int | None
    verdict: str | None
    reason: str | None
    clash: bool = False

    @property
    def stands(self) -> bool:
        return self.verdict not in (None, "quarantined")


@dataclass
class Account:
    role: str
    star: str | None
    district: str | None
    active: bool


@dataclass
class Stored:
    """One look at the database."""

    rows: dict[str, StoredRow] = field(default_factory=dict)
    by_id: dict[str, StoredRow] = field(default_factory=dict)
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: list[Mapping[str, Any]] = field(default_factory=list)
    outbox: list[str] = field(default_factory=list)
    flags: set[tuple[str, str]] = field(default_factory=set)
    contacts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    epoch: str = ""
    seq: int = 0
    mark: tuple[Any, ...] = ()
    parsed: dict[str, tuple[bytes, bytes, dict[str, Any]]] = field(default_factory=dict)

    def of(self, report: str) -> list[StoredRow]:
        return [row for row in self.rows.values() if row.report == report]


_OPS = "SELECT id, sha256, jws, device_id, n, report_id, kind, seq, verdict, reason FROM op ORDER BY received_at, id"
_CLASHES = "SELECT op_id, sha256, jws, report_id, seq FROM op_clash"
_REPORTS = "SELECT id, seq, snapshot, facts FROM report ORDER BY created_at, id"
_HOLDS = "SELECT intent, report_id, op_id, revision FROM hold"


# Nothing that is looked at here changes without a number in one of these two rows.
_MARK = "SELECT * FROM feed_counter, audit_head"


def look(server: Server, before: Stored) -> Stored:
    """Read what is stored now. What did not change since `before` is not read again."""
    connection = server.reading()
    mark = tuple(connection.execute(text(_MARK)).first() or ())
    return before if mark and mark == before.mark else _read(connection, before, mark)


def _read(connection: Connection, before: Stored, mark: tuple[Any, ...]) -> Stored:
    found = Stored(mark=mark)
    for row in connection.execute(text(_OPS)):
        op = StoredRow(*row)
        found.rows[op.sha256] = found.by_id[op.id] = op
    for row in connection.execute(text(_CLASHES)):
        clash = StoredRow(row[0], row[1], row[2], None, None, row[3], None, row[4], "quarantined", "op_id_reused", True)
        found.rows[clash.sha256] = clash
    for report, seq, snapshot, facts in connection.execute(text(_REPORTS)):
        snapshot, facts = bytes(snapshot), bytes(facts)
        known = before.parsed.get(report)
        if known is None or known[:2] != (snapshot, facts):
            known = (snapshot, facts, {"snapshot": json.loads(snapshot), **json.loads(facts)})
        found.parsed[report] = known
        found.copies[report] = {"report": report, "seq": seq, **known[2]}
    found.holds = [dict(row._mapping) for row in connection.execute(text(_HOLDS))]
    found.outbox = [row[0] for row in connection.execute(text("SELECT key FROM outbox WHERE topic = 'hold.submit'"))]
    found.flags = {(row[0], row[1]) for row in connection.execute(text("SELECT op_id, other_id FROM op_flag"))}
    contacts = text("SELECT device_id, top_n, ops FROM device_contact")
    found.contacts = {row.device_id: dict(row._mapping) for row in connection.execute(contacts)}
    accounts = text("SELECT id, role, star, district, suspended_at FROM user_account")
    for user, role, star, district, suspended in connection.execute(accounts):
        found.accounts[user] = Account(role, star, district, suspended is None)
    found.devices = set(connection.scalars(text("SELECT id FROM device")))
    for epoch, seq in connection.execute(text("SELECT epoch, seq FROM feed_counter")):
        found.epoch, found.seq = epoch, seq
    return found
