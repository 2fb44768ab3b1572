"""Late words: kept whatever happened to the report meanwhile, and settled by ops that say who and why (P2, P8)."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from demo.phone import Phone
from server.db import db
from server.feed import service as feed
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
HOLD = {
    "kind": "bwc",
    "wearer_star": "20002",
    "from": "2026-11-23T21:05:00-06:00",
    "to": "2026-11-23T21:40:00-06:00",
    "basis": "officer_request",
    "why": "Detention at the corner.",
}


def verdicts(phone: Phone) -> list[tuple[str, str | None]]:
    return [(each["verdict"], each["reason"]) for each in phone.push()["receipts"]]


def values(phone: Phone, report: str, field: str, entity: str = "report") -> list[Any]:
    phone.pull()
    return [head["value"] for head in phone.copies[report]["snapshot"]["fields"][entity][field]]


def approved_with_late_edit(officer: Phone, desk: Phone) -> tuple[str, dict[str, Any]]:
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.approve(report)
    desk.push()
    officer.edit(report, {"address": "north-east corner"})
    assert verdicts(officer) == [("quarantined", "report_locked")]
    desk.pull()
    (kept,) = desk.copies[report]["quarantined"]
    return report, kept


def test_a_late_edit_of_an_approved_report_becomes_a_supplement(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, kept = approved_with_late_edit(officer, desk)
    desk.admit_as_supplement(report, kept["op"], "Written at 21:40: “north-east corner”.", "came after the approval")
    assert verdicts(desk) == [("applied", None)]
    assert values(officer, report, "address") == ["W 26th St & S Pulaski Rd"]
    assert values(officer, report, f"late/{kept['op']}", "review") == ["supplement"]
    copy = officer.copies[report]
    (added,) = [id for id, each in copy["snapshot"]["entities"].items() if each["list"] == "supplements"]
    assert copy["snapshot"]["fields"][added]["text"][0]["value"] == "Written at 21:40: “north-east corner”."
    assert [each["op"] for each in copy["quarantined"]] == [kept["op"]]


def test_what_is_approved_is_not_corrected_by_what_came_late(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, kept = approved_with_late_edit(officer, desk)
    desk.admit(report, kept, "came after the approval")
    assert verdicts(desk) == [("quarantined", "report_locked")]


def test_words_of_an_officer_who_was_taken_off_become_a_correction_as_they_were_written(
    cast: Cast, phone_of: PhoneOf
) -> None:
    """Re-assigned: the partner is no longer named, and what they had saved before is neither lost nor let in unseen."""
    officer, partner, desk = phone_of(cast.officer), phone_of(cast.partner), phone_of(cast.desk)
    report = complete_report(officer)
    named = officer.add(report, "officers", {"star": cast.partner.star})
    officer.push()
    partner.pull()
    partner.edit(report, {"address": "S Pulaski Rd, east side"})
    officer.pull()
    officer.remove(report, named)
    officer.push()
    assert verdicts(partner) == [("quarantined", "not_allowed")]
    desk.pull()
    (kept,) = desk.copies[report]["quarantined"]
    desk.admit(report, {**kept, "edits": [{**kept["edits"][0], "value": "mine"}]}, "better")
    assert verdicts(desk) == [("quarantined", "not_verbatim")]
    desk.admit(report, kept, "the partner was there")
    assert verdicts(desk) == [("applied", None)]
    assert values(officer, report, "address") == ["S Pulaski Rd, east side"]
    fields = officer.copies[report]["snapshot"]["fields"]
    (head,), (mark,) = fields["report"]["address"], fields["review"][f"late/{kept['op']}"]
    assert head["actor"] == mark["actor"] == cast.desk.id
    told = ("op", "actor", "device", "wall", "received", "not_before")
    assert {name: head["words_of"][name] for name in told} == {name: kept[name] for name in told}
    assert "words_of" not in mark


def test_p6_a_late_hold_that_the_desk_takes_in_is_asked_for(cast: Cast, phone_of: PhoneOf) -> None:
    officer, partner, desk = phone_of(cast.officer), phone_of(cast.partner), phone_of(cast.desk)
    report = complete_report(officer)
    named = officer.add(report, "officers", {"star": cast.partner.star})
    officer.push()
    partner.pull()
    footage = partner.hold(report, HOLD)
    officer.pull()
    officer.remove(report, named)
    officer.push()
    assert verdicts(partner) == [("quarantined", "not_allowed")]
    desk.pull()
    assert desk.copies[report]["holds"] == []
    desk.admit(report, desk.copies[report]["quarantined"][0], "the camera was the partner's")
    assert verdicts(desk) == [("applied", None)]
    desk.pull()
    assert [(each["footage"], each["state"]) for each in desk.copies[report]["holds"]] == [(footage, "received")]


def test_a_submission_that_meets_an_unseen_return_is_no_conflict(cast: Cast, phone_of: PhoneOf) -> None:
    officer, second, desk = phone_of(cast.officer), phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    second.pull()
    desk.pull()
    desk.return_to_officer(report, [{"entity": "report", "field": "address", "text": "Which corner?"}])
    desk.push()
    second.submit(report)
    assert verdicts(second) == [("applied", None)]


def test_a_correction_whose_base_is_gone_stands_beside_what_stands(cast: Cast, phone_of: PhoneOf) -> None:
    officer, partner, desk = phone_of(cast.officer), phone_of(cast.partner), phone_of(cast.desk)
    report = complete_report(officer)
    named = officer.add(report, "officers", {"star": cast.partner.star})
    officer.push()
    partner.pull()
    partner.edit(report, {"address": "east side"})
    officer.pull()
    officer.remove(report, named)
    officer.edit(report, {"address": "west side"})
    officer.push()
    partner.push()
    desk.pull()
    desk.admit(report, desk.copies[report]["quarantined"][0], "the partner was there")
    assert verdicts(desk) == [("conflict", None)]
    assert sorted(values(officer, report, "address")) == ["east side", "west side"]


def test_the_author_says_that_an_own_refused_word_needs_nothing_more(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, kept = approved_with_late_edit(officer, desk)
    officer.dismiss(report, kept["op"], "I wrote it as a supplement")
    assert verdicts(officer) == [("applied", None)]
    assert values(officer, report, f"late/{kept['op']}", "review") == ["dismissed"]
    assert officer.copies[report]["quarantined"][0]["edits"] == kept["edits"]


def test_an_officer_does_not_dismiss_what_another_wrote(cast: Cast, phone_of: PhoneOf) -> None:
    officer, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(officer)
    officer.add(report, "officers", {"star": cast.partner.star})
    officer.edit(report, {"lat": 1000})
    officer.push()
    partner.pull()
    (kept,) = partner.copies[report]["quarantined"]
    assert kept["reason"] == "bad_value"
    partner.dismiss(report, kept["op"], "not needed")
    assert verdicts(partner) == [("quarantined", "not_allowed")]


def test_nobody_settles_what_is_not_kept_aside(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    stands = officer.edit(report, {"address": "Cermak"})
    officer.dismiss(report, stands, "not needed")
    assert verdicts(officer)[-1] == ("quarantined", "not_kept_aside")


def test_a_device_restored_from_an_old_state_loses_nothing_and_is_flagged(cast: Cast, phone_of: PhoneOf) -> None:
    """Its count starts again at an old number: both ops with that number stand, and the readers are told."""
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    n, prev = officer.n, officer.prev
    first = officer.edit(report, {"event_number": "2632700001"})
    officer.push()
    officer.n, officer.prev = n, prev
    second = officer.edit(report, {"rd_number": "JK123456"})
    assert verdicts(officer) == [("applied", None)]
    assert values(desk, report, "event_number") == ["2632700001"]
    assert values(desk, report, "rd_number") == ["JK123456"]
    flags = {(each["op"], each["flag"], each["other"]) for each in desk.copies[report]["flags"]}
    assert flags == {(first, "n_reused", second), (second, "n_reused", first)}


def test_p8_a_count_that_stands_still_tells_no_other_report_anew_with_each_op(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    officer = phone_of(cast.officer)
    n, prev = officer.n, officer.prev
    for _ in range(15):
        officer.n, officer.prev = n, prev
        officer.edit(officer.new_id(), {"narrative": "What was seen."})
    officer.push()
    before = feed.newest(db.session())
    officer.n, officer.prev = n, prev
    officer.edit(officer.new_id(), {"narrative": "One more."})
    assert verdicts(officer) == [("applied", None)]
    db.session.rollback()
    # Itself, and those first ones that it is flagged with.
    assert feed.newest(db.session()) - before <= 9


def test_a_gap_in_the_count_holds_up_only_what_builds_on_it_and_is_visible(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.push()
    officer.edit(report, {"address": "first"})
    officer.edit(report, {"address": "second, built on the first"})
    officer.edit(report, {"event_number": "2632700001"})
    lost, *rest = officer.pending
    receipts = officer.push(rest)["receipts"]
    assert [each["reason"] for each in receipts] == ["waiting_for_base", None]
    (behind,) = desk.call("GET", "/api/contacts").json["contacts"]
    assert (behind["device"], behind["missing"], behind["unsent"]) == (officer.device, 1, 1)
    officer.push([lost])
    assert values(desk, report, "address") == ["second, built on the first"]
    assert desk.call("GET", "/api/contacts").json["contacts"] == []


def test_the_desk_sees_how_much_a_phone_last_said_it_holds(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk, elsewhere = phone_of(cast.officer), phone_of(cast.desk), phone_of(cast.desk_elsewhere)
    complete_report(officer)
    officer.push(officer.pending[:1])
    said = [each["unsent"] for each in desk.call("GET", "/api/contacts").json["contacts"]]
    assert said == [1]
    assert elsewhere.call("GET", "/api/contacts").json["contacts"] == []
    officer.call("GET", f"/api/pull?device={officer.device}&unsent=7")
    assert [each["unsent"] for each in desk.call("GET", "/api/contacts").json["contacts"]] == [7]
    elsewhere.call("GET", f"/api/pull?device={officer.device}&unsent=0")
    assert [each["unsent"] for each in desk.call("GET", "/api/contacts").json["contacts"]] == [7]


def test_p9_a_phone_whose_words_a_report_does_not_take_is_none_of_its_desk_s_business(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, desk, stranger = phone_of(cast.officer), phone_of(cast.desk), phone_of(cast.officer_elsewhere)
    report = complete_report(officer)
    officer.push()
    for _ in range(2):
        stranger.edit(report, {"address": "elsewhere"})
    assert stranger.push(stranger.pending[:1])["receipts"][0]["reason"] == "not_allowed"
    assert desk.call("GET", "/api/contacts").json["contacts"] == []
    assert [each["unsent"] for each in stranger.call("GET", "/api/contacts").json["contacts"]] == [1]


def test_a_phone_that_was_revoked_is_no_longer_waited_for(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    complete_report(officer)
    officer.push(officer.pending[:1])
    assert len(desk.call("GET", "/api/contacts").json["contacts"]) == 1
    officer.call("POST", f"/api/devices/{officer.device}/revoke")
    for reader in (desk, officer):
        assert reader.call("GET", "/api/contacts").json["contacts"] == []


def test_other_bytes_under_a_known_id_are_shown_with_the_report(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = officer.new_id()
    known = officer.edit(report, {"address": "Cermak"})
    officer.push()
    payload = officer.payload(report, "edit", [officer.change(report, "report", "address", "forged")], op=known)
    other = officer.sign(payload)
    assert [each["reason"] for each in officer.push([other])["receipts"]] == ["op_id_reused"]
    assert values(officer, report, "address") == ["Cermak"]
    (kept,) = officer.copies[report]["quarantined"]
    assert (kept["op"], kept["reason"], kept["edits"][0]["value"]) == (known, "op_id_reused", "forged")
    seq = officer.copies[report]["seq"]
    first, again = (officer.push([other])["receipts"] for _ in range(2))
    assert first == again
    officer.pull()
    assert officer.copies[report]["seq"] == seq, "P5: a replay has no second effect"


def test_what_was_not_signed_by_whom_it_names_is_never_taken_in_as_their_words(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.push()
    body = officer.payload(report, "edit", [officer.change(report, "report", "address", "never said")])
    officer.push([officer.sign(body)[:-8] + "AAAAAAAA"])
    desk.pull()
    (kept,) = desk.copies[report]["quarantined"]
    assert kept["reason"] == "bad_signature"
    desk.admit(report, {**kept, "op": kept["sha256"]}, "it came late")
    assert verdicts(desk) == [("quarantined", "wrong_kind")]
    desk.dismiss(report, kept["sha256"], "nobody signed it")
    assert verdicts(desk) == [("applied", None)]


def test_an_op_of_a_newer_form_is_kept_until_the_update_and_one_of_an_older_form_is_taken(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer = phone_of(cast.officer)
    report = complete_report(officer)
    officer.op(
        report, "edit", [officer.change(report, "report", "weather", "rain")], form={"id": "incident", "version": 99}
    )
    officer.op(report, "edit", [officer.change(report, "report", "arrived", "2026-11-23T21:12:00-06:00")])
    assert verdicts(officer)[-2:] == [("quarantined", "unknown_form"), ("applied", None)]
