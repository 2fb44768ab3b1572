"""P4: a reader that follows the feed sees every committed change in its scope, under concurrency and moves."""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event, select

from demo.phone import Phone
from server.db import db
from server.feed.models import DeviceContact, Report
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def test_a_report_that_moves_to_another_district_leaves_one_desk_and_enters_the_other(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, here, there = phone_of(cast.officer), phone_of(cast.desk), phone_of(cast.desk_elsewhere)
    report = complete_report(officer)
    officer.push()
    here.pull()
    assert report in here.copies
    officer.edit(report, {"district": "012"})
    officer.push()
    here.pull()
    there.pull()
    assert report not in here.copies
    assert report in there.copies


def test_pages_follow_one_another_without_gap(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    made = [complete_report(officer) for _ in range(5)]
    officer.push()
    seen: list[str] = []
    cursor = ""
    while True:
        page = desk.call("GET", f"/api/pull?limit=2&cursor={cursor}").json
        seen += [each["report"] for each in page["changes"]]
        cursor = page["cursor"]
        if not page["more"]:
            break
    assert sorted(seen) == sorted(made)


def test_a_cursor_that_is_not_ours_starts_anew_and_says_so(cast: Cast, phone_of: PhoneOf) -> None:
    desk = phone_of(cast.desk)
    for cursor in ("garbage", "W10", "WyJ4IiwieSIsMV0"):
        assert desk.call("GET", f"/api/pull?cursor={cursor}").json["reset"] is True


def test_a_reader_that_follows_while_eight_phones_write_misses_nothing(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    writers = [phone_of(cast.officer) for _ in range(8)]
    reader = phone_of(cast.desk)
    done = threading.Event()
    failures: list[BaseException] = []

    def write(phone: Phone) -> None:
        try:
            with app.app_context():
                for number in range(12):
                    complete_report(phone, event_number=f"{number:010}")
                    phone.push()
        except BaseException as failed:
            failures.append(failed)

    def follow() -> None:
        try:
            with app.app_context():
                while not done.is_set():
                    reader.pull()
        except BaseException as failed:
            failures.append(failed)

    threads = [threading.Thread(target=write, args=(phone,)) for phone in writers]
    follower = threading.Thread(target=follow)
    follower.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    follower.join()
    assert failures == []
    reader.pull()
    assert set(reader.copies) == set(db.session.scalars(select(Report.id)))
    assert len(reader.copies) == 8 * 12


def test_p10_who_reads_goes_on_reading_where_nothing_can_be_written(cast: Cast, phone_of: PhoneOf) -> None:
    """A full disk, or a standby that took over: what a reader's device says of itself is then not noted."""
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.push()
    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", _read_only)
    try:
        answer = desk.call("GET", f"/api/pull?device={desk.device}&unsent=3")
    finally:
        event.remove(db.engine, "connect", _read_only)
        db.session.remove()
        db.engine.dispose()
    assert [each["report"] for each in answer.json["changes"]] == [report]
    assert db.session.scalars(select(DeviceContact.device_id)).all() == [officer.device]


def _read_only(connection: Any, _record: Any) -> None:
    sqlite = isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA query_only = ON" if sqlite else "SET default_transaction_read_only = on")
    connection.commit()
