"""A database that the version before filled is right after the update, on both databases (P2, P8)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, current_app
from flask_migrate import upgrade
from sqlalchemy import MetaData, Table, insert, select

from demo.device import Edit, sha256
from demo.phone import Phone
from demo.wire import in_process
from server.audit import service as audit
from server.db import db
from server.feed.models import DeviceContact, OpFlag
from server.feed.signing import read
from server.feed.verify import one_state, verify
from sync import merge
from tests.integration.test_migrations import bare, database  # noqa: F401 - fixtures
from tests.support.cast import Cast, hire

both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
AT = datetime(2026, 11, 20, 21, 14, 5, 120_000, UTC)
COUNTED = 57


@dataclass
class Before:
    """What the version before stored: rows of its own schema, in the shape in which it wrote them."""

    tables: dict[str, Table]
    ops: list[dict[str, Any]] = field(default_factory=list)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    seq: int = 0

    def take(self, phone: Phone, district: str) -> None:
        """Apply what a phone saved, as it was done then: a version did not tell what its author had seen."""
        for jws in phone.pending:
            op = read(jws).op
            assert op is not None
            snapshot = self.snapshots.get(op.report) or merge.empty(op, district)
            self.snapshots[op.report], _ = merge.apply(snapshot, op, AT.isoformat())
            self._store(jws, "applied", None)
        phone.pending.clear()

    def keep(self, phone: Phone, reason: str) -> None:
        for jws in phone.pending:
            self._store(jws, "quarantined", reason)
            said = read(jws).op
            assert said is not None
            edits = [{**vars_of(edit), "base": list(edit.base)} for edit in said.edits]
            entry = {"op": said.id, "kind": said.kind, "actor": said.actor, "device": said.device, "reason": reason}
            told = {**entry, "received": AT.isoformat(), "wall": said.wall, "edits": edits}
            self.kept.setdefault(said.report, []).append(told)
        phone.pending.clear()

    def clash(self, jws: str) -> None:
        op = read(jws).op
        assert op is not None
        self._acknowledge(op.id, jws, "quarantined", "op_id_reused")
        row = {"sha256": sha256(jws), "op_id": op.id, "jws": jws, "received_at": AT, "seq": self.seq}
        db.session.execute(insert(self.tables["op_clash"]), [row])

    def _acknowledge(self, op: str, jws: str, verdict: str, reason: str | None) -> None:
        self.seq += 1
        told = {"op": op, "sha256": sha256(jws), "seq": self.seq, "verdict": verdict, "reason": reason}
        self.receipts.append(told)

    def _store(self, jws: str, verdict: str, reason: str | None) -> None:
        op = read(jws).op
        assert op is not None
        self._acknowledge(op.id, jws, verdict, reason)
        who = {"device_id": op.device, "n": op.n, "actor_id": op.actor, "report_id": op.report, "kind": op.kind}
        row = {"id": op.id, "sha256": sha256(jws), "jws": jws, **who, "received_at": AT}
        self.ops.append({**row, "seq": self.seq, "verdict": verdict, "reason": reason})

    def write(self) -> None:
        """Write everything down, with the signed statement about it."""
        key = current_app.extensions["server_key"]
        jws = key.sign({"n": 1, "prev": None, "time": AT.isoformat(), "receipts": self.receipts})
        head = sha256(jws)
        session = db.session
        session.execute(insert(self.tables["op"]), self.ops)
        session.execute(
            insert(self.tables["receipt_log"]), [{"n": 1, "prev": None, "jws": jws, "sha256": head, "at": AT}]
        )
        counter = {"id": 1, "epoch": "the epoch before", "seq": self.seq, "log_n": 1, "log_head": head}
        session.execute(insert(self.tables["feed_counter"]), [counter])
        for report, snapshot in self.snapshots.items():
            facts = {"holds": [], "photos": [], "quarantined": self.kept.get(report, [])}
            row = {"id": report, "author_id": snapshot["author"], "district": snapshot["district"], "seq": self.seq}
            bodies = {"snapshot": as_before(snapshot), "facts": facts}
            written = {name: json.dumps(each, separators=(",", ":")).encode() for name, each in bodies.items()}
            more = {"state": snapshot["state"], "created_at": AT, "changed_at": AT}
            session.execute(insert(self.tables["report"]), [{**row, **more, **written}])
            scopes = (f"user:{snapshot['author']}", f"district:{snapshot['district']}")
            rows = [{"scope": each, "report_id": report, "seq": self.seq, "present": True} for each in scopes]
            session.execute(insert(self.tables["report_scope"]), rows)
        session.commit()


def vars_of(edit: Any) -> dict[str, Any]:
    return {name: getattr(edit, name) for name in ("entity", "field", "value")}


def as_before(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot as the version before wrote it."""
    heads = [head for fields in snapshot["fields"].values() for each in fields.values() for head in each]
    for head in heads:
        seen = head.pop("base")
        head.pop("not_before")
        if head["value"] is None:
            head["saw"] = seen
    return {name: each for name, each in snapshot.items() if name not in ("open", "settled")}


@pytest.fixture
def cast(bare: Flask) -> Cast:  # noqa: F811
    """The cast, in a database of the version before."""
    upgrade(revision="0001")
    return hire()


@pytest.fixture
def phone_of(bare: Flask, cast: Cast) -> Callable[..., Phone]:  # noqa: F811
    return lambda member: Phone(transport=in_process(bare.test_client()), person=member).sign_in().enrol()


@pytest.fixture
def before(cast: Cast) -> Before:
    found = MetaData()
    with db.engine.connect() as connection:
        found.reflect(connection)
    return Before(dict(found.tables))


@dataclass
class Told:
    report: str
    van: str
    car: str
    first: str
    again: str
    clash: str
    late: str


def filled(before: Before, phone: Phone) -> Told:
    """A phone with 57 ops: one counted twice, one whose id came with other bytes, one that came too late."""
    report = phone.new_id()
    first = phone.edit(report, {"address": "Cermak", "narrative": "Seen."})
    van, car = (phone.add(report, "vehicles", {"plate": plate}) for plate in ("A 1", "B 1"))
    phone.remove(report, van)
    phone.remove(report, car)
    unseen: list[Edit] = [{"entity": car, "field": "plate", "base": [], "value": "B 12"}]
    phone.op(report, "edit", unseen)
    change = phone.change(report, "report", "address", "forged")
    clash = phone.sign(phone.payload(report, "edit", [change], op=first))
    n, prev = phone.n, phone.prev
    again = [phone.edit(report, {"event_number": "1"})]
    phone.n, phone.prev = n, prev
    again.append(phone.edit(report, {"rd_number": "2"}))
    while phone.n < COUNTED - 1:
        phone.edit(report, {"narrative": f"Seen {phone.n} times."})
    before.take(phone, "010")
    late = phone.edit(report, {"lat": 1000})
    before.keep(phone, "bad_value")
    before.clash(clash)
    before.write()
    return Told(report, van, car, again[0], again[1], sha256(clash), late)


@both
def test_what_the_version_before_stored_is_told_as_this_one_tells_it(
    cast: Cast, phone_of: Callable[..., Phone], before: Before
) -> None:
    phone, desk = phone_of(cast.officer), phone_of(cast.desk)
    told = filled(before, phone)
    db.session.remove()
    upgrade()
    contact = db.session.scalars(select(DeviceContact)).one()
    assert (contact.device_id, contact.top_n, contact.ops, contact.unsent) == (phone.device, COUNTED, COUNTED, None)
    flagged = {(row.op_id, row.other_id) for row in db.session.scalars(select(OpFlag))}
    assert flagged == {(told.first, told.again), (told.again, told.first)}
    desk.pull()
    copy = desk.copies[told.report]
    assert {(each["op"], each["other"]) for each in copy["flags"]} == flagged
    kept = {each["sha256"]: each for each in copy["quarantined"]}
    assert copy["kept"] == len(kept) == 2
    assert kept[told.clash]["reason"] == "op_id_reused"
    assert {each["op"] for each in kept.values()} >= {told.late}
    entities = copy["snapshot"]["entities"]
    assert [(entities[each]["removed"], entities[each]["flagged"]) for each in (told.van, told.car)] == [
        (True, False),
        (False, True),
    ]
    assert fits()


@both
def test_phones_and_desks_go_on_with_what_the_version_before_stored(
    cast: Cast, phone_of: Callable[..., Phone], before: Before
) -> None:
    """The next count is no gap, a late word can be settled, and what a removal had seen is still known."""
    phone, desk = phone_of(cast.officer), phone_of(cast.desk)
    told = filled(before, phone)
    db.session.remove()
    upgrade()
    desk.pull()
    desk.dismiss(told.report, told.late, "written anew")
    desk.dismiss(told.report, told.clash, "the phone counted wrongly")
    assert [each["reason"] for each in desk.push()["receipts"]] == [None, None]
    phone.edit(told.report, {"address": "Cermak & Wood"})
    phone.edit(told.report, {"plate": "A 12"}, entity=told.van)
    assert [each["reason"] for each in phone.push()["receipts"]] == [None, None]
    assert desk.call("GET", "/api/contacts").json["contacts"] == []
    desk.pull()
    snapshot = desk.copies[told.report]["snapshot"]
    assert [head["value"] for head in snapshot["fields"]["report"]["address"]] == ["Cermak & Wood"]
    assert snapshot["open"] == {}
    assert snapshot["entities"][told.van]["flagged"]
    assert fits()


def fits() -> bool:
    db.session.rollback()
    assert audit.verify(db.session()).ok
    with one_state(db.session()) as session:
        found = verify(session)
    return found.misfit is None
