"""The review: submit, return with reasons, approve and lock, supplement; conflicts between two devices."""

from collections.abc import Callable
from typing import Any

from demo.phone import Phone
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
REASONS = [{"entity": "report", "field": "address", "text": "Which corner?"}]


def reasons(phone: Phone) -> list[str | None]:
    return [each["reason"] for each in phone.push()["receipts"]]


def state(phone: Phone, report: str) -> str:
    phone.pull()
    return str(phone.copies[report]["snapshot"]["state"])


def test_a_report_goes_from_draft_to_approved_and_supplemented(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    assert state(desk, report) == "submitted"
    desk.return_to_officer(report, REASONS)
    assert reasons(desk) == [None]
    assert state(officer, report) == "returned"
    assert officer.copies[report]["snapshot"]["fields"]["review"]["reasons"][0]["value"] == REASONS
    officer.edit(report, {"address": "north-east corner"})
    officer.submit(report)
    assert reasons(officer) == [None, None]
    desk.pull()
    desk.approve(report)
    assert reasons(desk) == [None]
    officer.pull()
    officer.edit(report, {"address": "changed afterwards"})
    officer.supplement(report, "The badge number was read from the video.")
    assert reasons(officer) == ["report_locked", None]
    assert state(officer, report) == "approved"


def test_an_incomplete_report_is_not_submitted(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "Cermak"})
    phone.submit(report)
    assert reasons(phone) == [None, "incomplete"]


def test_the_desk_approves_only_what_it_has_seen(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    desk.pull()
    officer.edit(report, {"narrative": "A sentence that the desk has not read."})
    officer.push()
    desk.approve(report)
    assert reasons(desk) == ["stale_view"]


def test_a_return_needs_a_reason(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.return_to_officer(report, [])
    assert reasons(desk) == ["reason_missing"]


def test_two_devices_conflict_on_one_field_and_a_person_settles_it_with_a_reason(cast: Cast, phone_of: PhoneOf) -> None:
    """P2, P3: both values stay, with author and time, until someone who has seen both decides."""
    one, two, desk = phone_of(cast.officer), phone_of(cast.officer, name="Tablet"), phone_of(cast.desk)
    report = complete_report(one)
    one.push()
    two.pull()
    one.edit(report, {"address": "south corner"})
    two.edit(report, {"address": "east corner", "event_number": "2632700001"})
    one.push()
    assert [each["verdict"] for each in two.push()["receipts"]] == ["conflict"]
    desk.pull()
    fields: dict[str, Any] = desk.copies[report]["snapshot"]["fields"]["report"]
    assert {head["value"] for head in fields["address"]} == {"south corner", "east corner"}
    assert {head["device"] for head in fields["address"]} == {one.device, two.device}
    assert [head["value"] for head in fields["event_number"]] == ["2632700001"]
    desk.resolve(report, "address", "east corner", "")
    desk.resolve(report, "address", "east corner", "The video shows it.")
    desk.pending = [desk.pending[0]]
    assert reasons(desk) == ["reason_missing"]
    desk.pull()
    desk.resolve(report, "address", "east corner", "The video shows it.")
    assert reasons(desk) == [None]
    one.pull()
    assert [head["value"] for head in one.copies[report]["snapshot"]["fields"]["report"]["address"]] == ["east corner"]


def test_an_open_conflict_bars_the_approval(cast: Cast, phone_of: PhoneOf) -> None:
    one, two, desk = phone_of(cast.officer), phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(one)
    one.push()
    two.pull()
    one.edit(report, {"address": "south corner"})
    two.edit(report, {"address": "east corner"})
    one.submit(report)
    one.push()
    two.push()
    desk.pull()
    desk.approve(report)
    assert reasons(desk) == ["open_conflict"]
