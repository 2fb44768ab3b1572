"""P12: what a server forgot that was put back to a backup, it gets back from the phones, and believes it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from demo.phone import Phone
from server.audit.models import AuditEvent
from server.db import UnitOfWork, db
from server.feed import service
from server.feed.models import StoredOp
from server.feed.verify import one_state, verify
from server.holds.models import Hold
from server.security import Actor
from tests.support.backups import Backup
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
HOLD = {
    "kind": "bwc",
    "wearer_star": "10001",
    "from": "2026-11-23T21:05:00-06:00",
    "to": "2026-11-23T21:40:00-06:00",
    "basis": "officer_request",
}


def reasons(answer: dict[str, Any]) -> list[str | None]:
    return [each["reason"] for each in answer["receipts"]]


def test_p12_a_phone_that_was_enrolled_after_the_backup_gets_all_its_words_in(
    cast: Cast, phone_of: PhoneOf, backup: Backup
) -> None:
    """What the server refused meanwhile, knowing no such device, is judged when it comes again; one hold is made."""
    desk = phone_of(cast.desk)
    backup.make()
    phone = phone_of(cast.officer)
    report = complete_report(phone)
    phone.hold(report, HOLD)
    given = list(phone.pending)
    phone.sign_in_to_deliver()
    assert set(reasons(phone.push())) == {None}
    backup.put_back()
    assert set(reasons(phone.push(given))) == {"unknown_device"}
    device = phone.device
    assert phone.sign_in().enrol().device == device
    assert set(reasons(phone.push(given))) == {None}
    assert phone.push(given)["receipts"] == phone.push(given)["receipts"]
    desk.pull()
    copy = desk.copies[report]
    assert copy["snapshot"]["ops"] == len(given)
    assert copy["quarantined"] == []
    assert [each["state"] for each in copy["holds"]] == ["received"]
    assert len(db.session.scalars(select(Hold)).all()) == 1
    db.session.rollback()
    with one_state(db.session()) as session:
        assert verify(session).misfit is None


def test_what_was_not_believed_and_what_is_now_are_both_kept_byte_for_byte(
    cast: Cast, phone_of: PhoneOf, backup: Backup
) -> None:
    """P1: each was acknowledged, and the history tells of both."""
    backup.make()
    phone = phone_of(cast.officer)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    given = list(phone.pending)
    phone.sign_in_to_deliver()
    backup.put_back()
    phone.push(given)
    phone.sign_in().enrol()
    phone.push(given)
    rows = db.session.execute(select(StoredOp.jws, StoredOp.reason).order_by(StoredOp.id)).all()
    assert {row.jws for row in rows} == set(given)
    assert sorted(str(row.reason) for row in rows) == ["None", "unknown_device"]


def test_p12_two_readers_who_notice_a_restore_at_once_begin_one_epoch(
    app: Flask, cast: Cast, phone_of: PhoneOf, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each phone that had taken its base in the first of them would start anew once more."""
    officer, readers = phone_of(cast.officer), [phone_of(cast.desk), phone_of(cast.supervisor)]
    complete_report(officer)
    officer.push()
    backup.make()
    complete_report(officer)
    officer.push()
    for each in readers:
        each.pull()
    backup.put_back()
    noticed = threading.Barrier(len(readers))
    real = service.unit_of_work

    def together(actor: Actor | None) -> AbstractContextManager[UnitOfWork]:
        noticed.wait(10)
        return real(actor)

    monkeypatch.setattr(service, "unit_of_work", together)
    with ThreadPoolExecutor(len(readers)) as pool:
        for answer in [pool.submit(pulled, each) for each in readers]:
            assert answer.result()["reset"] is True
    assert len(db.session.scalars(select(AuditEvent).where(AuditEvent.action == "feed.epoch")).all()) == 1
    assert [pulled(each)["reset"] for each in readers] == [False, False]


def pulled(phone: Phone) -> dict[str, Any]:
    found: dict[str, Any] = phone.call("GET", f"/api/pull?cursor={phone.cursor}").json
    phone.cursor = found["cursor"]
    return found
