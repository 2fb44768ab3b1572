"""`verify` names the first byte that does not fit: in receipts, ops, chains and reports (P1)."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from demo.phone import Phone
from demo.wire import in_process
from server.app import create_app
from server.config import Settings
from server.db import db
from server.feed.changes import compact
from server.feed.models import FeedCounter, OpClash, ReceiptEntry, Report, StoredOp
from server.feed.verify import Misfit, verify
from server.feed.verify.places import first_difference
from tests.integration.feed.history import History, live_through
from tests.support.cast import Member
from tests.support.databases import Templates, settings_for

CODED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEX = "0123456789abcdef"
Place = tuple[str, str, str, int | None]


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def history(
    request: pytest.FixtureRequest,
    templates: dict[str, Templates],
    base_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[History]:
    """One database for all tests of this file: what they change in it, they take back."""
    with templates[request.param].copy(with_cast=True) as database:
        blobs = tmp_path_factory.mktemp("blobs")
        app = create_app(replace(settings_for(base_settings, database), blob_dir=blobs))
        cast = templates[request.param].cast
        assert cast is not None

        def phone_of(member: Member, **given: Any) -> Phone:
            return Phone(transport=in_process(app.test_client()), person=member, **given).sign_in().enrol()

        with app.app_context():
            yield live_through(app, cast, phone_of)
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def session(history: History) -> Iterator[Session]:
    found = db.session()
    begin(found)
    yield found
    found.rollback()


def begin(session: Session) -> None:
    session.rollback()
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN")


def rows(session: Session, model: Any) -> list[dict[str, Any]]:
    """Return a table's rows in the order of its key."""
    table = model.__table__
    return [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]


def after(session: Session, *changes: Any) -> Misfit | None:
    """Return what a walk finds after some changes, and take them back."""
    for change in changes:
        session.execute(change)
    found = verify(session).misfit
    begin(session)
    return found


def place(misfit: Misfit | None) -> Place | None:
    return (misfit.table, misfit.row, misfit.column, misfit.offset) if misfit else None


def key_of(model: Any) -> Any:
    (key,) = inspect(model).primary_key
    return key


def changed(model: Any, row: Mapping[str, Any], **values: Any) -> Any:
    key = key_of(model)
    return update(model.__table__).where(key == row[key.name]).values(**values)


def removed(model: Any, row: Mapping[str, Any]) -> Any:
    key = key_of(model)
    return delete(model.__table__).where(key == row[key.name])


def flip(value: str, at: int, alphabet: str = CODED) -> str:
    other = random.choice([each for each in alphabet if each != value[at]])
    return value[:at] + other + value[at + 1 :]


def sample(found: Sequence[Any], count: int) -> list[Any]:
    return random.sample(list(found), min(count, len(found)))


def test_a_database_in_which_everything_happened_fits(session: Session) -> None:
    found = verify(session)
    assert found.misfit is None
    assert (found.ops, found.reports) == (len(rows(session, StoredOp)), len(rows(session, Report)))
    assert {(row["verdict"], row["reason"]) for row in rows(session, StoredOp)} >= {
        ("applied", None), ("conflict", None), ("merged", None), ("quarantined", "report_locked"),
        ("quarantined", "malformed"), ("quarantined", "bad_signature"), ("quarantined", "waiting_for_base"),
        ("quarantined", "revoked_device"), ("quarantined", "newer_op_format"), ("quarantined", "not_allowed"),
        ("quarantined", "waiting_for_report"),
    }  # fmt: skip
    assert len(rows(session, OpClash)) == 2
    assert found.head == rows(session, ReceiptEntry)[-1]["sha256"]


@pytest.mark.parametrize(("model", "count"), [(StoredOp, 12), (OpClash, 2), (ReceiptEntry, 6)])
def test_one_changed_byte_of_a_signed_string_is_named_wherever_it_is(session: Session, model: Any, count: int) -> None:
    key = key_of(model).name
    for row in sample(rows(session, model), count):
        at = random.randrange(len(row["jws"]))
        found = after(session, changed(model, row, jws=flip(row["jws"], at)))
        assert place(found) == (model.__tablename__, str(row[key]), "jws", at), row["jws"]


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (StoredOp, ("sha256", "id", "device_id", "actor_id", "report_id", "kind", "verdict", "reason")),
        (OpClash, ("sha256", "op_id", "report_id")),
        (ReceiptEntry, ("sha256", "prev")),
        (FeedCounter, ("log_head",)),
        (Report, ("author_id", "district", "state")),
    ],
)
def test_one_changed_byte_of_a_column_is_named(session: Session, model: Any, columns: Sequence[str]) -> None:
    key = key_of(model).name
    for column in columns:
        for row in sample([row for row in rows(session, model) if row[column] is not None], 5):
            at = random.randrange(len(row[column]))
            other = flip(row[column], at, HEX)
            named = other if column == key else row[key]
            found = after(session, changed(model, row, **{column: other}))
            assert place(found) == (model.__tablename__, str(named), column, at), (row[column], other)


@pytest.mark.parametrize("model", [StoredOp, OpClash, ReceiptEntry, FeedCounter, Report])
def test_a_changed_number_or_moment_is_named(session: Session, model: Any) -> None:
    numbers = {StoredOp: ("n", "seq"), OpClash: ("seq",), FeedCounter: ("log_n", "seq"), Report: ("seq",)}
    moments = {StoredOp: ("received_at",), OpClash: ("received_at",), ReceiptEntry: ("at",)}
    key = key_of(model).name
    for column in (*numbers.get(model, ()), *moments.get(model, ())):
        for row in sample([row for row in rows(session, model) if row[column] is not None], 4):
            # A report's own number may grow with its holds, but not beyond the newest, nor fall behind its ops.
            other = row[column] + timedelta(microseconds=1) if column in moments.get(model, ()) else 0
            found = after(session, changed(model, row, **{column: other}))
            assert (found and place(found)[:3]) == (model.__tablename__, str(row[key]), column), (row[column], other)


def test_a_column_that_should_be_empty_and_one_that_should_not_are_named(session: Session) -> None:
    unread = next(row for row in rows(session, StoredOp) if row["reason"] == "malformed")
    read = next(row for row in rows(session, StoredOp) if row["verdict"] == "applied")
    for column in ("device_id", "actor_id", "kind", "n"):
        assert place(after(session, changed(StoredOp, unread, **{column: 7 if column == "n" else "edit"}))) == (
            "op", unread["id"], column, 0,
        )  # fmt: skip
        assert place(after(session, changed(StoredOp, read, **{column: None}))) == ("op", read["id"], column, 0)
    # What came before clashes noted their report stays without; the report's facts tell who empties it now.
    clash = rows(session, OpClash)[0]
    found = place(after(session, changed(OpClash, clash, report_id=None)))
    assert (found and found[:3]) == ("report", clash["report_id"], "facts")


def test_one_changed_byte_of_a_snapshot_is_named_wherever_it_is(session: Session) -> None:
    for row in rows(session, Report) * 4:
        stored = row["snapshot"]
        at = random.randrange(len(stored))
        other = stored[:at] + bytes([stored[at] ^ random.randrange(1, 256)]) + stored[at + 1 :]
        found = after(session, changed(Report, row, snapshot=other))
        if not is_free(stored, at):
            assert place(found) == ("report", row["id"], "snapshot", at), (stored, other[at : at + 1])


def is_free(snapshot: bytes, at: int) -> bool:
    """Tell whether a byte lies where the author served: no op says so, and a given district may hide it."""
    begins = snapshot.index(b'"home":"') + len(b'"home":"')
    return begins <= at < begins + 3 and b'"field":"district"' in snapshot


def test_one_changed_byte_of_what_is_told_of_kept_ops_is_named(session: Session) -> None:
    told = [row for row in rows(session, Report) if b'"quarantined":[{' in row["facts"]]
    for row in told * 3:
        stored = row["facts"]
        at = random.randrange(stored.index(b'"quarantined"'), len(stored))
        other = stored[:at] + bytes([stored[at] ^ random.randrange(1, 256)]) + stored[at + 1 :]
        found = after(session, changed(Report, row, facts=other))
        assert place(found) == ("report", row["id"], "facts", at), (stored, other[at : at + 1])


def test_a_kept_op_that_is_hidden_from_the_desk_is_named(session: Session, history: History) -> None:
    (row,) = [row for row in rows(session, Report) if row["id"] == history.reports["approved"]]
    facts = json.loads(row["facts"])
    hidden = facts["quarantined"].pop(1)
    found = after(session, changed(Report, row, facts=compact(facts)))
    assert place(found) == ("report", row["id"], "facts", first_difference(row["facts"], compact(facts)))
    assert hidden["edits"][0]["value"] not in str(found)
    assert after(session, changed(Report, row, facts=row["facts"].replace(b'"holds":[', b'"holds":'))) is not None


@pytest.mark.parametrize("model", [StoredOp, OpClash, ReceiptEntry, Report, FeedCounter])
def test_a_row_that_is_taken_out_is_named(session: Session, history: History, model: Any) -> None:
    key = key_of(model).name
    for row in sample(rows(session, model), 20):
        if row[key] != history.reports["revoked"]:  # nothing in it was taken in; whether it began, nobody could tell
            found = after(session, removed(model, row))
            column = {"op_clash": "sha256", "receipt_log": "n"}.get(model.__tablename__, "id")
            assert place(found) == (model.__tablename__, str(row[key]), column, None)


def test_two_rows_that_were_exchanged_are_named(session: Session) -> None:
    read = [row for row in rows(session, StoredOp) if row["kind"]]
    for one, other in (sample(read, 2) for _ in range(4)):
        first = min(one["id"], other["id"])
        for columns in (("jws",), ("jws", "sha256"), ("sha256",)):
            swapped = [
                changed(StoredOp, mine, **{name: theirs[name] for name in columns})
                for mine, theirs in ((one, other), (other, one))
            ]
            found = place(after(session, *swapped))
            assert (found and found[:3]) == ("op", first, "jws" if "jws" in columns else "sha256")
    log = rows(session, ReceiptEntry)
    one, other = sorted(sample(log, 2), key=lambda row: row["n"])
    for columns in (("jws",), ("jws", "sha256"), ("jws", "sha256", "prev", "at")):
        swapped = [
            changed(ReceiptEntry, mine, **{name: theirs[name] for name in columns})
            for mine, theirs in ((one, other), (other, one))
        ]
        found = place(after(session, *swapped))
        assert (found and found[:3]) == ("receipt_log", str(one["n"]), "jws")
    one, other = sorted(sample(rows(session, Report), 2), key=lambda row: row["id"])
    swapped = [changed(Report, mine, snapshot=theirs["snapshot"]) for mine, theirs in ((one, other), (other, one))]
    found = place(after(session, *swapped))
    assert (found and found[:3]) == ("report", one["id"], "snapshot")
    begins = len('{"report":"')
    assert begins <= (found[3] or 0) < begins + 36
