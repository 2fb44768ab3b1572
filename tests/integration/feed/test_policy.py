"""P9: every kind of op passes the same policy; what is not allowed is kept, and shows nothing to its author."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from demo.phone import Phone
from demo.wire import Refused
from server.db import db
from server.holds.models import Hold
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def reasons(phone: Phone) -> list[str | None]:
    return reasons_of(phone.push())


def reasons_of(answer: dict[str, Any]) -> list[str | None]:
    return [each["reason"] for each in answer["receipts"]]


def test_someone_elses_report_does_not_exist(cast: Cast, phone_of: PhoneOf) -> None:
    author, stranger = phone_of(cast.officer), phone_of(cast.officer_elsewhere)
    report = complete_report(author)
    author.push()
    for path in (f"/api/reports/{report}", f"/api/reports/{report}/history"):
        with pytest.raises(Refused) as refused:
            stranger.call("GET", path)
        assert refused.value.answer.status == 404
    assert [each for each in stranger.pull() if each["report"] == report] == []


def test_a_stranger_cannot_write_to_a_report(cast: Cast, phone_of: PhoneOf) -> None:
    author, stranger = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    author.push()
    stranger.edit(report, {"address": "elsewhere"})
    stranger.submit(report)
    assert reasons(stranger) == ["not_allowed", "not_allowed"]


@pytest.mark.parametrize("value", ["\ud800", "a\0b", "x" * 400, {"a": 1}, 7, ""])
def test_p8_what_no_star_is_keeps_nobody_from_naming_officers(cast: Cast, phone_of: PhoneOf, value: object) -> None:
    """It waits, unjudged, while others name officers: no database is asked for it."""
    author = phone_of(cast.officer)
    report = complete_report(author)
    one = author.add(report, "officers", {"star": cast.partner.star})
    author.push()
    odd = author.payload(report, "edit", [{"entity": one, "field": "star", "base": [author.new_id()], "value": value}])
    assert reasons_of(author.push([author.sign(odd)])) == ["waiting_for_base"]
    author.add(report, "officers", {"star": "20077"})
    author.edit(report, {"district": "012"})
    assert reasons(author) == [None, None]


def test_an_officer_who_is_named_on_a_report_sees_and_writes_it(cast: Cast, phone_of: PhoneOf) -> None:
    author, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    author.add(report, "officers", {"star": cast.partner.star})
    author.push()
    partner.pull()
    assert report in partner.copies
    partner.edit(report, {"event_number": "2632700001"})
    assert reasons(partner) == [None]


def test_only_the_desk_of_the_district_reviews(cast: Cast, phone_of: PhoneOf) -> None:
    author = phone_of(cast.officer)
    report = complete_report(author)
    author.submit(report)
    author.push()
    elsewhere, desk = phone_of(cast.desk_elsewhere), phone_of(cast.desk)
    for phone in (author, elsewhere):
        phone.return_to_officer(report, [{"entity": "report", "field": "address", "text": "which corner?"}])
        assert reasons(phone) == ["not_allowed"]
    desk.pull()
    desk.approve(report)
    assert reasons(desk) == [None]


def test_a_suspended_officers_ops_are_kept_but_not_applied(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    from server.accounts import service
    from server.db import unit_of_work

    phone = phone_of(cast.partner)
    phone.sign_in_to_deliver()
    phone.edit(phone.new_id(), {"address": "Cermak"})
    with unit_of_work(None) as uow:
        service.suspend(uow, cast.partner.id)
    with pytest.raises(Refused) as refused:
        phone.push()
    assert refused.value.answer.status == 401


def test_an_op_in_anothers_name_is_quarantined(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    forged = phone.payload(report, "edit", [phone.change(report, "report", "address", "x")], actor=cast.partner.id)
    answer = phone.push([phone.sign(forged)])
    assert answer["receipts"][0]["reason"] == "not_device_owner"


def test_an_admin_reads_no_report(
    cast: Cast, phone_of: PhoneOf, sign_in: Callable[..., dict[str, str]], app: Flask
) -> None:
    headers = sign_in(cast.admin)
    client = app.test_client()
    for path in ("/api/pull", "/api/holds", "/api/poke", "/api/reports/0192f3a0-0000-7000-8000-000000000001"):
        assert client.get(path, headers=headers).status_code == 403, path


def test_every_route_asks_for_a_permission(app: Flask) -> None:
    without = [
        rule.rule for rule in app.url_map.iter_rules() if not hasattr(app.view_functions[rule.endpoint], "permission")
    ]
    assert without == []


def test_only_an_officer_asks_for_footage_of_a_report_that_is_not_there_yet(cast: Cast, phone_of: PhoneOf) -> None:
    desk = phone_of(cast.desk)
    times = {"from": "2026-11-23T21:05:00-06:00", "to": "2026-11-23T21:40:00-06:00"}
    desk.hold(desk.new_id(), {"kind": "bwc", "wearer_star": "10001", **times, "basis": "officer_request"})
    assert reasons(desk) == ["waiting_for_report"]
    assert db.session.scalars(select(Hold)).all() == []
