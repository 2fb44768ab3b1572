"""Statements over many values keep their text, and mean the same on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, event, select, text

from server.audit.models import AuditEvent
from server.bulk import Rows, among
from server.db import db, reader, unit_of_work
from server.feed.models import DeviceContact, Report

NOW = datetime(2026, 11, 23, 8, 30, 15, 123456, tzinfo=UTC)


def report(name: str, **other: Any) -> dict[str, Any]:
    return {
        **{"id": name, "author_id": "a", "district": None, "state": "draft", "snapshot": b"{\x00\xff}", "facts": b""},
        **{"seq": 2**40, "created_at": NOW, "changed_at": NOW},
        **other,
    }


def contact(device: str, top_n: int, unsent: int | None) -> dict[str, Any]:
    return {"device_id": device, "user_id": "u", "unsent": unsent, "top_n": top_n, "ops": 1, "at": NOW}


REPORTS = Rows(Report, *report(""))


@pytest.mark.usefixtures("app")
def test_rows_of_every_type_are_read_as_they_were_written() -> None:
    events = Rows(AuditEvent, "n", "at", "actor", "action", "subject_kind", "subject", "detail", "prev", "sha256")
    fields = {"at": NOW, "actor": "é'\"\\{}", "action": "a", "subject_kind": "k", "subject": "NULL", "sha256": "s"}
    details = [{"ops": ["x", None, "é"], "n": 1}, {}]
    with unit_of_work(None) as uow:
        REPORTS.write(uow.session, [report("one"), report("two", district="010", snapshot=b"\\x00")])
        events.write(
            uow.session,
            [{**fields, "n": 90 + n, "prev": None, "detail": each} for n, each in enumerate(details)],
        )
    one, two = reader().scalars(select(Report).order_by(Report.id))
    assert (one.snapshot, one.district, one.seq, one.changed_at) == (b"{\x00\xff}", None, 2**40, NOW)
    assert (two.snapshot, two.district) == (b"\\x00", "010")
    kept = list(reader().scalars(select(AuditEvent).where(AuditEvent.n >= 90).order_by(AuditEvent.n)))
    assert [each.detail for each in kept] == details
    assert {(each.actor, each.subject, each.prev, each.at) for each in kept} == {("é'\"\\{}", "NULL", None, NOW)}


@pytest.mark.usefixtures("app")
def test_an_array_of_rows_settles_conflicts_row_by_row() -> None:
    contacts = Rows(
        DeviceContact,
        *contact("", 0, 0),
        on_conflict=lambda insert: insert.on_conflict_do_update(
            index_elements=["device_id"], set_={"top_n": insert.excluded.top_n}
        ),
    )
    for rows in ([contact("a", 1, 7)], [contact("a", 5, 0), contact("b", 2, None)], []):
        with unit_of_work(None) as uow:
            contacts.write(uow.session, rows)
    found = {each.device_id: (each.top_n, each.unsent) for each in reader().scalars(select(DeviceContact))}
    assert found == {"a": (5, 7), "b": (2, None)}


@pytest.mark.usefixtures("app")
def test_the_text_of_a_statement_does_not_change_with_the_number_of_values() -> None:
    wanted = select(Report.id).where(among(Report.id, "ids"))
    asked: list[str] = []
    with unit_of_work(None) as uow:
        REPORTS.write(uow.session, [report(name) for name in ("one", "o'ne\\,\"", "three")])
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for ids in ([], ["one"], ["o'ne\\,\"", "three", "none"]):
        found = set(reader().scalars(wanted, {"ids": ids}))
        assert found == {"one", "o'ne\\,\"", "three"} & set(ids)
    assert len(asked) == 3
    assert len(set(asked)) == 1


@pytest.mark.usefixtures("app")
def test_the_primary_key_answers_for_many_values() -> None:
    """Both databases look each value up; a condition that hides the column would read the whole table."""
    session = reader()
    statement = str(select(Report.id).where(among(Report.id, "ids")).compile(db.engine))
    if db.engine.dialect.name == "postgresql":
        session.execute(text("SET enable_seqscan = off"))
        asked = statement.replace("%(ids)s", "'{one}'")
        plan = [str(row[0]) for row in session.execute(text(f"EXPLAIN {asked}"))]
    else:
        asked = statement.replace("?", "'[]'")
        plan = [str(row[3]) for row in session.execute(text(f"EXPLAIN QUERY PLAN {asked}"))]
    assert any("pk_report" in line or "autoindex_report" in line for line in plan), plan


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_reading_opens_no_transaction() -> None:
    """P10: who reads leaves nothing open, and what the driver has prepared stays prepared."""
    session = reader()
    session.execute(select(Report.id))
    mine = text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with db.engine.connect() as beside:
        assert beside.scalar(mine, {"pid": pid}) == "idle"
    with unit_of_work(None) as uow:
        uow.session.execute(select(Report.id))
        pid = uow.session.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.connect() as beside:
            assert beside.scalar(mine, {"pid": pid}) == "idle in transaction"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_the_database_closed_is_not_used_again() -> None:
    """P10: after a restart of the database the first request is answered like any other."""
    own = text("SELECT pg_backend_pid()")
    pid = reader().scalar(own)
    # Now it is in the pool, and would be the next one taken.
    db.session.rollback()
    with create_engine(db.engine.url, poolclass=NullPool).connect() as beside:
        assert beside.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert reader().scalar(own) != pid
