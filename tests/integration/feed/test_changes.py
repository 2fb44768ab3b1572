"""What travels: only what changed, from stored bytes; nothing where nothing is new; everything anew after a restore."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from demo.phone import Phone
from server.audit.models import AuditEvent
from server.db import db
from server.feed import service
from server.feed.models import FeedCounter, ReceiptEntry, Report, ReportChange, ReportScope, StoredOp
from server.holds.models import Hold
from sync import rules
from sync.op import Op
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
LONG = "What was seen, in plain words. " * 600


def page(phone: Phone, cursor: str = "", limit: int = 200, **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = phone.call("GET", f"/api/pull?cursor={cursor}&limit={limit}", **headers).json
    return found


def direct(phone: Phone, report: str) -> dict[str, Any]:
    found: dict[str, Any] = phone.call("GET", f"/api/reports/{report}").json
    return found


def test_one_changed_field_of_a_long_report_costs_little(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer, narrative=LONG)
    officer.push()
    desk.pull()
    officer.edit(report, {"event_number": "2632700001"})
    officer.push()
    found = page(desk, desk.cursor)
    (change,) = found["changes"]
    assert set(change) == {"report", "seq", "since", "patch"}
    assert len(json.dumps(found)) < 2000
    desk.pull()
    assert desk.copies[report] == direct(desk, report)


def test_several_changes_since_the_cursor_come_in_their_order(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer, narrative=LONG)
    officer.push()
    desk.pull()
    for corner in ("north", "east", "south"):
        officer.edit(report, {"address": corner})
        officer.push()
    changes = page(desk, desk.cursor)["changes"]
    assert [each["since"] for each in changes[1:]] == [each["seq"] for each in changes[:-1]]
    desk.pull()
    assert desk.copies[report] == direct(desk, report)


def test_who_enters_a_scope_gets_the_whole_and_not_a_change_of_what_they_never_had(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, partner = phone_of(cast.officer), phone_of(cast.partner)
    partner.pull()
    report = complete_report(officer, narrative=LONG)
    officer.push()
    officer.add(report, "officers", {"star": cast.partner.star})
    officer.push()
    (change,) = page(partner, partner.cursor)["changes"]
    assert "snapshot" in change
    partner.pull()
    assert partner.copies[report] == direct(partner, report)


def test_a_report_that_left_and_came_back_comes_as_a_whole(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer, narrative=LONG)
    officer.push()
    desk.pull()
    for district in ("012", "010"):
        officer.edit(report, {"district": district})
        officer.push()
    (change,) = page(desk, desk.cursor)["changes"]
    assert "snapshot" in change
    desk.pull()
    assert desk.copies[report] == direct(desk, report)


def test_a_reader_in_the_middle_of_a_walk_gets_every_change_that_happens_meanwhile(
    cast: Cast, phone_of: PhoneOf
) -> None:
    """P4: what changes between two pages, of reports that a page brought already or not yet, ends up right."""
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    reports = [complete_report(officer, narrative=LONG) for _ in range(4)]
    officer.push()
    first = page(desk, "", limit=2)
    for each in first["changes"]:
        desk._take(each)
    for report in reports:
        officer.edit(report, {"address": "changed meanwhile"})
        officer.push()
    desk.cursor = first["cursor"]
    desk.pull()
    assert desk.copies == {report: direct(desk, report) for report in reports}


def test_patches_that_were_tidied_away_are_replaced_by_the_whole(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer, narrative=LONG)
    officer.push()
    desk.pull()
    for corner in ("north", "east"):
        officer.edit(report, {"address": corner})
        officer.push()
    oldest = db.session.scalars(select(ReportChange.seq).order_by(ReportChange.seq)).first()
    db.session.execute(delete(ReportChange).where(ReportChange.seq == oldest))
    db.session.commit()
    (change,) = page(desk, desk.cursor)["changes"]
    assert "snapshot" in change


def test_a_phone_that_lost_its_copy_asks_for_the_whole(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer, narrative=LONG)
    officer.push()
    desk.pull()
    desk.copies.clear()
    officer.edit(report, {"address": "north"})
    officer.push()
    desk.pull()
    assert desk.copies[report] == direct(desk, report)


def test_where_nothing_is_new_the_answer_is_304_without_a_body(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    complete_report(officer)
    officer.push()
    desk.pull()
    first = desk.call("GET", f"/api/pull?cursor={desk.cursor}")
    again = {"If-None-Match": first.headers["ETag"]}
    second = desk.call("GET", f"/api/pull?cursor={desk.cursor}", **again)
    assert (second.status, second.body) == (304, b"")
    officer.edit(officer.new_id(), {"address": "Cermak"})
    officer.push()
    assert desk.call("GET", f"/api/pull?cursor={desk.cursor}", **again).status == 200


def test_a_reader_of_little_learns_of_every_statement(cast: Cast, phone_of: PhoneOf) -> None:
    """P12: by its cursor a restore is noticed, and its next op is bracketed by its beacon, whoever pushed meanwhile."""
    officer, stranger = phone_of(cast.officer), phone_of(cast.officer_elsewhere)
    stranger.pull()
    first = stranger.call("GET", f"/api/pull?cursor={stranger.cursor}")
    officer.edit(officer.new_id(), {"address": "Cermak"})
    told = officer.push()["beacon"]
    answer = stranger.call("GET", f"/api/pull?cursor={stranger.cursor}", **{"If-None-Match": first.headers["ETag"]})
    assert (answer.status, answer.json["changes"], answer.json["beacon"]) == (200, [], told)
    assert answer.json["cursor"] != stranger.cursor


def forget_the_last_push() -> None:
    """Put the database back as a backup of before the last push would: the counter, the log, the op, the report."""
    session = db.session()
    last = session.scalars(select(ReceiptEntry).order_by(ReceiptEntry.n.desc())).first()
    newest = session.scalars(select(FeedCounter)).one()
    assert last is not None
    for table in (StoredOp, Report, ReportScope):
        session.execute(delete(table).where(table.seq == newest.seq))
    session.execute(delete(ReceiptEntry).where(ReceiptEntry.n == last.n))
    session.execute(update(FeedCounter).values(seq=newest.seq - 1, log_n=last.n - 1, log_head=last.prev))
    session.commit()


def test_p12_a_restore_is_noticed_by_the_first_reader_of_the_lost_future(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    complete_report(officer)
    officer.push()
    lost = complete_report(officer)
    given = list(officer.pending)
    officer.push()
    desk.pull()
    forget_the_last_push()
    desk.pull()
    assert lost not in desk.copies
    assert officer.call("GET", f"/api/pull?cursor={officer.cursor}").json["reset"] is True
    epochs = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "feed.epoch")).all()
    assert len(epochs) == 1
    officer.push(given)
    desk.pull()
    assert desk.copies[lost] == direct(desk, lost)


def test_p12_a_restore_is_noticed_even_when_the_server_has_caught_up(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    """New pushes may carry the counter past the reader's number: then the log tells, which is another than it was."""
    officer, desk, other = phone_of(cast.officer), phone_of(cast.desk), phone_of(cast.officer_elsewhere)
    complete_report(officer)
    officer.push()
    complete_report(officer)
    officer.push()
    desk.pull()
    forget_the_last_push()
    for _ in range(3):
        other.edit(other.new_id(), {"address": "Cermak"})
        other.push()
    assert page(desk, desk.cursor)["reset"] is True


def test_a_foreign_cursor_begins_no_epoch(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    desk = phone_of(cast.desk)
    desk.pull()
    for cursor in ("A" * 70, desk.cursor[:-2] + "AA", "x"):
        page(desk, cursor)
    assert not db.session.scalars(select(AuditEvent).where(AuditEvent.action == "feed.epoch")).all()


def test_p12_after_a_restore_a_named_officer_does_not_become_the_author(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """Whoever delivers first: the op that begins the report says whose it is, when it comes again."""
    author, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    author.add(report, "officers", {"star": cast.partner.star})
    lost = list(author.pending)
    author.push()
    partner.pull()
    forget_the_last_push()
    partner.edit(report, {"event_number": "2632700001"})
    assert [each["reason"] for each in partner.push()["receipts"]] == [None]
    assert {each["verdict"] for each in author.push(lost)["receipts"]} == {"applied"}
    author.pull()
    snapshot = author.copies[report]["snapshot"]
    assert snapshot["author"] == cast.officer.id
    assert snapshot["fields"]["report"]["event_number"][0]["actor"] == cast.partner.id
    assert author.copies[report]["quarantined"] == []


def test_p8_a_step_that_stands_before_what_begins_its_report_anew_does_not_wait_for_it(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """After a restore any word begins the report, also one that comes behind another in the same push."""
    author, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    author.add(report, "officers", {"star": cast.partner.star})
    author.push()
    partner.pull()
    forget_the_last_push()
    partner.submit(report)
    partner.edit(report, {"event_number": "2632700001"})
    assert [each["reason"] for each in partner.push()["receipts"]] == ["incomplete", None]


def test_a_step_that_arrives_before_its_report_waits_for_it(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    officer.submit(report)
    *begun, submit = officer.pending
    assert [each["reason"] for each in officer.push([submit])["receipts"]] == ["waiting_for_report"]
    officer.push(begun)
    officer.pull()
    assert officer.copies[report]["snapshot"]["state"] == "submitted"


def test_p6_a_hold_that_arrives_before_its_report_is_asked_for_at_once(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    values = {
        "kind": "bwc",
        "wearer_star": "10001",
        "from": "2026-11-23T21:05:00-06:00",
        "to": "2026-11-23T21:40:00-06:00",
        "basis": "officer_request",
    }
    officer.hold(report, values)
    *begun, hold = officer.pending
    assert [each["reason"] for each in officer.push([hold])["receipts"]] == [None]
    assert len(db.session.scalars(select(Hold)).all()) == 1
    officer.push(begun)
    officer.pull()
    assert [each["state"] for each in officer.copies[report]["holds"]] == ["received"]
    assert len(db.session.scalars(select(Hold)).all()) == 1


def test_an_op_that_a_mended_rule_lifts_late_does_not_stand_beside_what_had_seen_it(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every order of arrival ends in the same heads, also when a mistake in a rule held one op up."""
    real = rules.judge

    def mistaken(op: Op, *given: Any) -> str | None:
        if any(edit.value == "first" for edit in op.edits):
            raise RuntimeError("a rule with a mistake")
        return real(op, *given)

    officer = phone_of(cast.officer)
    report = complete_report(officer)
    officer.edit(report, {"address": "first"})
    officer.edit(report, {"address": "second, over the first"})
    monkeypatch.setattr(rules, "judge", mistaken)
    officer.push()
    monkeypatch.undo()
    assert service.rejudge() == 1
    officer.pull()
    heads = officer.copies[report]["snapshot"]["fields"]["report"]["address"]
    assert [head["value"] for head in heads] == ["second, over the first"]
    assert officer.copies[report]["quarantined"] == []
