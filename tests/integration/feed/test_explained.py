"""Conflicts that a person can explain, and notes that are put together and confirmed (P2, P3)."""

from collections.abc import Callable
from typing import Any

from demo.phone import Phone
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
NOTE = "The van stood at the kerb. Two agents got out. One spoke to a woman. The van left at nine."


def two_phones(cast: Cast, phone_of: PhoneOf) -> tuple[Phone, Phone, str, str]:
    """Return an officer's phone, a named partner's, a report of theirs and a note in it, known to both."""
    one, other = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(one)
    one.add(report, "officers", {"star": cast.partner.star})
    note = one.add(report, "notes", {"text": NOTE})
    one.push()
    one.pull()
    other.pull()
    return one, other, report, note


def snapshot(phone: Phone, report: str) -> dict[str, Any]:
    phone.pull()
    found: dict[str, Any] = phone.copies[report]["snapshot"]
    return found


def verdicts(phone: Phone) -> list[str]:
    return [each["verdict"] for each in phone.push()["receipts"]]


def test_a_conflict_tells_who_when_and_what_each_had_seen(cast: Cast, phone_of: PhoneOf) -> None:
    one, other, report, _ = two_phones(cast, phone_of)
    seen = one.copies[report]["snapshot"]["fields"]["report"]["address"][0]
    one.edit(report, {"address": "south corner"})
    other.edit(report, {"address": "east corner"})
    assert verdicts(one) == ["applied"]
    assert verdicts(other) == ["conflict"]
    found = snapshot(one, report)
    question = found["open"]["report"]["address"]
    assert (question["kind"], question["text"], question["seen"]) == ("conflict", None, [seen])
    for head, phone in zip(found["fields"]["report"]["address"], (one, other), strict=True):
        assert (head["actor"], head["device"], head["base"]) == (phone.person.id, phone.device, [seen["op"]])
        # The bracket: made after a statement of the server that the phone had seen, and before it arrived.
        assert seen["received"] <= head["not_before"] <= head["received"]
    told = {each["op"]: each for each in one.call("GET", f"/api/reports/{report}/history").json["ops"]}
    for head in found["fields"]["report"]["address"]:
        assert told[head["op"]]["not_before"] == head["not_before"]
    assert told[seen["op"]]["not_before"] is None  # written before its phone had heard anything


def test_a_resolution_tells_whose_value_was_not_kept_and_ends_the_question(cast: Cast, phone_of: PhoneOf) -> None:
    one, other, report, _ = two_phones(cast, phone_of)
    one.edit(report, {"address": "south corner"})
    other.edit(report, {"address": "east corner"})
    one.push(), other.push()
    one.pull()
    one.resolve(report, "address", "south corner", "both stood there again")
    one.push()
    found = snapshot(other, report)
    assert found["open"] == {}
    (settled,) = found["settled"]
    assert (settled["value"], settled["reason"], settled["actor"]) == (
        "south corner",
        "both stood there again",
        one.person.id,
    )
    assert [(each["actor"], each["value"]) for each in settled["not_kept"]] == [(other.person.id, "east corner")]


def test_a_resolution_made_while_a_third_edit_arrives_conflicts_again(cast: Cast, phone_of: PhoneOf) -> None:
    one, other, report, _ = two_phones(cast, phone_of)
    third = phone_of(cast.partner)
    third.pull()
    one.edit(report, {"address": "south"})
    other.edit(report, {"address": "east"})
    third.edit(report, {"address": "north"})
    one.push(), other.push()
    one.pull()
    one.resolve(report, "address", "south", "seen from the car")
    third.push()
    assert verdicts(one) == ["conflict"]
    found = snapshot(one, report)
    assert sorted(head["value"] for head in found["fields"]["report"]["address"]) == ["north", "south"]
    assert found["open"]["report"]["address"]["kind"] == "conflict"


def test_notes_changed_in_different_sentences_are_put_together_and_say_so(cast: Cast, phone_of: PhoneOf) -> None:
    one, other, report, note = two_phones(cast, phone_of)
    one.edit(report, {"text": NOTE.replace("The van stood", "A white van stood")}, entity=note)
    one.edit(report, {"text": NOTE.replace("The van stood", "A white Ford van stood")}, entity=note)
    other.edit(report, {"text": NOTE.replace("at nine", "at 21:05")}, entity=note)
    one.push()
    assert verdicts(other) == ["merged"]
    found = snapshot(one, report)
    question = found["open"][note]["text"]
    both = NOTE.replace("The van stood", "A white Ford van stood").replace("at nine", "at 21:05")
    assert (question["kind"], question["text"]) == ("merged", both)
    # P3: nobody wrote the merged text, so it is no version; what was written stands.
    assert both not in [head["value"] for head in found["fields"][note]["text"]]
    assert len(found["fields"][note]["text"]) == 2


def test_no_report_is_approved_with_a_text_that_nobody_confirmed(cast: Cast, phone_of: PhoneOf) -> None:
    """P3 No invented testimony."""
    one, other, report, note = two_phones(cast, phone_of)
    desk = phone_of(cast.desk)
    one.edit(report, {"text": NOTE.replace("The van stood", "A white van stood")}, entity=note)
    other.edit(report, {"text": NOTE.replace("at nine", "at 21:05")}, entity=note)
    one.push(), other.push()
    one.pull()
    one.submit(report)
    one.push()
    desk.pull()
    desk.approve(report)
    assert [each["reason"] for each in desk.push()["receipts"]] == ["unconfirmed_merge"]
    text = snapshot(one, report)["open"][note]["text"]["text"]
    one.resolve(report, "text", text, "Merged text read and confirmed", entity=note)
    assert verdicts(one) == ["applied"]
    desk.pull()
    assert desk.copies[report]["snapshot"]["open"] == {}
    # Both authors' sentences stand in it: nobody is told that theirs were not kept.
    assert desk.copies[report]["snapshot"]["settled"] == []
    desk.approve(report)
    assert verdicts(desk) == ["applied"]


def test_narratives_and_words_of_an_agent_are_never_put_together(cast: Cast, phone_of: PhoneOf) -> None:
    one, other, report, _ = two_phones(cast, phone_of)
    narrative = one.copies[report]["snapshot"]["fields"]["report"]["narrative"][0]["value"]
    one.edit(report, {"narrative": "It rained. " + narrative})
    other.edit(report, {"narrative": narrative + " Then they left."})
    one.push()
    assert verdicts(other) == ["conflict"]
    question = snapshot(one, report)["open"]["report"]["narrative"]
    assert (question["kind"], question["text"]) == ("conflict", None)
