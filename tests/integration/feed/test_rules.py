"""What no op may do, whoever sends it: rewrite what was not in conflict, slip past a lock, move an entity."""

from collections.abc import Callable

import pytest
from flask import Flask

from demo.phone import Phone
from server.feed import service
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def reasons(phone: Phone) -> list[str | None]:
    return [each["reason"] for each in phone.push()["receipts"]]


def conflicted(cast: Cast, phone_of: PhoneOf) -> tuple[str, Phone, Phone]:
    one, two = phone_of(cast.officer), phone_of(cast.officer)
    report = complete_report(one)
    one.push()
    two.pull()
    one.edit(report, {"address": "south"})
    two.edit(report, {"address": "east"})
    one.push()
    two.push()
    one.pull()
    two.pull()
    return report, one, two


def test_a_resolution_needs_a_conflict(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.edit(report, {"narrative": "A second version."})
    officer.push()
    desk.pull()
    desk.resolve(report, "narrative", "what the desk would have liked", "because")
    assert reasons(desk) == ["no_conflict"]


def test_a_resolution_that_names_an_old_version_beside_the_standing_one_settles_nothing(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    old = officer.edit(report, {"rd_number": "JK100001"})
    new = officer.edit(report, {"rd_number": "JK100002"})
    officer.push()
    desk.pull()
    desk.heads[report, "report", "rd_number"] = [old, new]
    desk.resolve(report, "rd_number", "JK999999", "because")
    assert reasons(desk) == ["no_conflict"]


def test_a_written_once_field_stays_even_for_a_resolution(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    photo = officer.add_photo(report, PHOTO, "image/png")
    officer.push()
    desk.pull()
    desk.resolve(report, "sha256", "0" * 64, "because", entity=photo)
    officer.edit(report, {"sha256": "0" * 64}, entity=photo)
    assert reasons(desk) == ["written_once"]
    assert reasons(officer) == ["written_once"]


def test_a_plain_edit_cannot_end_a_conflict(cast: Cast, phone_of: PhoneOf) -> None:
    report, one, _ = conflicted(cast, phone_of)
    one.edit(report, {"address": "settled in silence"})
    assert reasons(one) == ["conflict_needs_reason"]


def test_two_resolutions_made_apart_conflict_again(cast: Cast, phone_of: PhoneOf) -> None:
    report, one, two = conflicted(cast, phone_of)
    one.resolve(report, "address", "south-east", "Asked both.")
    two.resolve(report, "address", "east", "Seen on video.")
    assert reasons(one) == [None]
    assert [each["verdict"] for each in two.push()["receipts"]] == ["conflict"]


def approved(cast: Cast, phone_of: PhoneOf) -> tuple[str, str, Phone]:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    footage = officer.hold(report, {"kind": "bwc", "wearer_star": "12345", "basis": "officer_request"})
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.approve(report)
    desk.push()
    officer.pull()
    return report, footage, officer


def test_a_hold_can_be_asked_for_after_approval_but_changes_nothing_that_was_approved(
    cast: Cast, phone_of: PhoneOf
) -> None:
    report, footage, officer = approved(cast, phone_of)
    officer.edit(report, {"why": "rewritten", "basis": "complaint"}, entity=footage, kind="hold")
    officer.hold(report, {"kind": "in_car", "device_serial": "IC-7", "basis": "officer_request"})
    assert reasons(officer) == ["report_locked", None]


def test_a_hold_removes_no_footage(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    footage = officer.hold(report, {"kind": "bwc", "wearer_star": "12345", "basis": "officer_request"})
    officer.push()
    officer.edit(report, {"@entity": None}, entity=footage, kind="hold")
    assert reasons(officer) != [None]
    officer.pull()
    assert not officer.copies[report]["snapshot"]["entities"][footage]["removed"]


def test_an_entity_stays_in_its_list(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    photo = officer.add_photo(report, PHOTO, "image/png")
    officer.edit(report, {"@entity": {"list": "vehicles", "parent": None}}, entity=photo)
    assert reasons(officer)[-1] == "bad_value"


def test_an_op_waits_for_the_one_that_made_its_entity(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    vehicle = officer.add(report, "vehicles", {})
    made = officer.pending.pop()
    officer.heads.clear()
    officer.edit(report, {"make": "Ford"}, entity=vehicle)
    assert reasons(officer)[-1] == "waiting_for_base"
    assert officer.push([made])["receipts"][0]["verdict"] == "applied"
    officer.pull()
    copy = officer.copies[report]
    assert copy["snapshot"]["fields"][vehicle]["make"][0]["value"] == "Ford"
    assert copy["quarantined"] == []


def test_a_submission_that_had_not_seen_the_return_does_not_bar_the_approval(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.return_to_officer(report, [{"entity": "report", "field": "address", "text": "Which corner?"}])
    desk.push()
    officer.edit(report, {"address": "north-east"})
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.approve(report)
    assert reasons(desk) == [None]


def test_nobody_reviews_their_own_report(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    from server.accounts import service as accounts
    from server.db import unit_of_work

    officer = phone_of(cast.officer)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    with unit_of_work(None) as uow:
        accounts.update_user(uow, cast.officer.id, {"role": "desk"})
    reviewer = phone_of(cast.officer)
    reviewer.pull()
    reviewer.approve(report)
    assert reasons(reviewer) == ["own_report"]


def test_who_is_no_longer_named_reads_no_more(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    author, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    named = author.add(report, "officers", {"star": cast.partner.star})
    author.push()
    partner.pull()
    assert report in partner.copies
    author.remove(report, named)
    author.push()
    partner.pull()
    assert report not in partner.copies
    from demo.wire import Refused

    with pytest.raises(Refused) as refused:
        partner.call("GET", f"/api/reports/{report}")
    assert refused.value.answer.status == 404


def test_an_op_that_met_a_mistaken_rule_is_applied_once_the_rule_is_mended(
    app: Flask, cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: kept, visible, and can be run again; a hold whose rule failed is made then (P6)."""
    from server.holds import service as holds
    from sync import rules

    def mistaken(*_: object) -> str | None:
        raise RuntimeError("a rule with a mistake")

    phone = phone_of(cast.officer)
    report = complete_report(phone)
    phone.push()
    with monkeypatch.context() as broken:
        broken.setattr(rules, "judge", mistaken)
        broken.setitem(app.extensions["consequences"], "hold", mistaken)
        phone.edit(report, {"event_number": "2632700001"})
        phone.hold(report, {"kind": "bwc", "wearer_star": "12345", "basis": "officer_request"})
        assert reasons(phone) == ["rule_failed", "rule_failed"]
    assert service.rejudge() == 2
    phone.pull()
    copy = phone.copies[report]
    assert copy["snapshot"]["fields"]["report"]["event_number"][0]["value"] == "2632700001"
    assert (len(copy["holds"]), copy["quarantined"]) == (1, [])
    assert app.extensions["consequences"]["hold"] is holds.on_op_stored
    assert service.rejudge() == 0
