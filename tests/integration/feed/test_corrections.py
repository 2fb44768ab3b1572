"""Late words that a desk takes in stay the words of who wrote them (P2, P3)."""

from collections.abc import Callable

from demo.phone import Phone
from server.db import db
from server.feed.verify import one_state, verify
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def fits() -> bool:
    db.session.rollback()
    with one_state(db.session()) as session:
        return verify(session).misfit is None


def test_p2_whose_late_words_are_not_kept_is_named_when_they_are_taken_out(cast: Cast, phone_of: PhoneOf) -> None:
    """Not the desk that had let them in: nobody would tell their author."""
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
    desk.push()
    desk.pull()
    heads = desk.copies[report]["snapshot"]["fields"]["report"]["address"]
    asked = {"entity": "report", "field": "address", "base": [head["op"] for head in heads], "value": "west side"}
    desk.op(report, "resolve", [asked], reason="asked both")
    assert [each["reason"] for each in desk.push()["receipts"]] == [None]
    officer.pull()
    (settled,) = officer.copies[report]["snapshot"]["settled"]
    assert [each["words_of"]["actor"] for each in settled["not_kept"]] == [cast.partner.id]
    assert fits()


def test_other_bytes_that_a_desk_takes_in_are_their_author_s_words_too(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    known = officer.edit(report, {"address": "Cermak"})
    officer.push()
    change = officer.change(report, "report", "address", "Cermak & Wood")
    officer.push([officer.sign(officer.payload(report, "edit", [change], op=known))])
    desk.pull()
    (kept,) = desk.copies[report]["quarantined"]
    desk.admit(report, {**kept, "op": kept["sha256"]}, "the phone counted wrongly")
    assert [each["reason"] for each in desk.push()["receipts"]] == [None]
    desk.pull()
    (head,) = desk.copies[report]["snapshot"]["fields"]["report"]["address"]
    assert (head["value"], head["words_of"]["actor"]) == ("Cermak & Wood", cast.officer.id)
    assert fits()


def test_a_supplement_in_the_desk_s_words_is_the_desk_s(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.submit(report)
    officer.push()
    desk.pull()
    desk.approve(report)
    desk.push()
    late = officer.edit(report, {"address": "the alley"})
    officer.push()
    desk.pull()
    desk.admit_as_supplement(report, late, "Olive wrote: the alley", "it came late")
    desk.push()
    desk.pull()
    fields = desk.copies[report]["snapshot"]["fields"]
    (text,) = [own["text"][0] for own in fields.values() if "text" in own]
    assert (text["actor"], "words_of" in text) == (cast.desk.id, False)
    assert fits()
