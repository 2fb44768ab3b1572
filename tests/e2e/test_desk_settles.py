"""P2 and P3 at the desk: what stands apart is explained and settled with a reason; what came unseen is not lost."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from demo.phone import Phone
from tests.e2e.browser import DESK, Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report

NOTE = "A grey van stood at the corner. Two persons got out. They walked to the shop. The van left."
ONE = NOTE.replace("A grey van", "A dark grey van")
CONFIRMED = "Merged text read and confirmed"
OTHER = NOTE.replace("The van left.", "The van left at 21:20.")


def apart(live: Live) -> tuple[str, Phone]:
    """Write one address on two devices that had not heard of one another. Returns the report, and a third device."""
    one, two, three = (live.phone(live.cast.officer, name=name) for name in ("Phone", "Tablet", "Laptop"))
    report = complete_report(one)
    one.push()
    two.pull()
    three.pull()
    one.edit(report, {"address": "the south corner"})
    two.edit(report, {"address": "the east corner"})
    one.push()
    assert two.push()["receipts"][0]["verdict"] == "conflict"
    return report, three


def open_conflicts(page: Page, live: Live, report: str) -> None:
    sign_in(page, live.cast.desk)
    page.locator(f"a[data-report='{report}']").click()
    page.get_by_role("navigation", name="Report").get_by_role("link", name=re.compile("^Conflicts")).click()


def submitted(phone: Phone, report: str) -> None:
    phone.pull()
    phone.submit(report)
    assert phone.push()["receipts"][0]["verdict"] == "applied"


def wait_for(live: Live, page: Page, report: str, done: Callable[[Any], bool]) -> Any:
    """Return the report's fields once they are as they should be."""
    reader = live.phone(live.cast.desk)
    found: Any = None
    for _ in range(90):
        found = reader.call("GET", f"/api/reports/{report}").json["snapshot"]["fields"]
        if done(found):
            return found
        page.wait_for_timeout(500)
    raise AssertionError(found)


def test_a_value_that_comes_while_the_desk_chooses_is_announced(live: Live, browser: Callable[..., Handset]) -> None:
    report, third = apart(live)
    handset = browser("desk", live.stack.url, DESK)
    page = handset.open()
    open_conflicts(page, live, report)
    expect(page.get_by_text("had seen: “W 26th St & S Pulaski Rd” (star 12345,")).to_be_visible()
    expect(page.get_by_text("had seen the same")).to_be_visible()
    page.get_by_role("radio", name="Keep that").check()
    page.get_by_label(re.compile("^Reason")).fill("The photo shows it.")
    late = third.edit(report, {"address": "the north corner"})
    third.push()
    expect(page.get_by_role("alert")).to_contain_text("1 new value came while you were reading.")
    expect(page.get_by_role("button", name="Resolve")).to_be_disabled()
    page.get_by_role("button", name="Show what stands now").click()
    expect(page.get_by_label(re.compile("^Reason"))).to_have_value("The photo shows it.")
    page.get_by_role("radio", name="Keep value 3").check()
    shoot(page, "desk-three-values", live)
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Not kept: “the south corner” (star 12345,")).to_be_visible()
    expect(page.get_by_text("Reason given: The photo shows it.")).to_be_visible()
    fields = wait_for(live, page, report, lambda fields: len(fields["report"]["address"]) == 1)
    (head,) = fields["report"]["address"]
    assert (head["value"], len(head["base"]), late in head["base"]) == ("the north corner", 3, True)
    assert handset.errors == []


def test_a_value_that_the_desk_had_not_seen_stays_beside_its_decision(
    live: Live, browser: Callable[..., Handset]
) -> None:
    report, third = apart(live)
    handset = browser("desk", live.stack.url, DESK)
    page = handset.open()
    open_conflicts(page, live, report)
    assert handset.context is not None
    handset.context.set_offline(True)
    page.get_by_role("radio", name="Keep this").check()
    page.get_by_label(re.compile("^Reason")).fill("The photo shows it.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Settled here, not on the server yet")).to_be_visible()
    third.edit(report, {"address": "the north corner"})
    third.push()
    handset.context.set_offline(False)
    both = {"the south corner", "the north corner"}
    wait_for(live, page, report, lambda fields: {each["value"] for each in fields["report"]["address"]} == both)
    expect(page.get_by_role("radio", name="Keep this")).to_be_visible()
    expect(page.get_by_text("the north corner").first).to_be_visible()


def test_the_desk_confirms_a_merged_note_before_it_approves(live: Live, browser: Callable[..., Handset]) -> None:
    one, two = (live.phone(live.cast.officer, name=name) for name in ("Phone", "Tablet"))
    report = complete_report(one)
    note = one.add(report, "notes", {"text": NOTE})
    one.push()
    two.pull()
    one.edit(report, {"text": ONE}, entity=note)
    two.edit(report, {"text": OTHER}, entity=note)
    one.push()
    assert two.push()["receipts"][0]["verdict"] == "merged"
    submitted(one, report)

    handset = browser("desk", live.stack.url, DESK)
    page = handset.open()
    open_conflicts(page, live, report)
    expect(page.get_by_text("Merged from two texts, not confirmed yet")).to_be_visible()
    merged = page.get_by_label("Merged text")
    expect(merged).to_have_text(ONE.replace("The van left.", "The van left at 21:20."))
    expect(merged.locator("ins")).to_have_text(["A dark grey van stood at the corner.", "The van left at 21:20."])
    expect(page.get_by_role("button", name="Approve and lock")).to_be_disabled()
    expect(page.get_by_text("Read and confirm 1 merged text first.")).to_be_visible()
    page.get_by_text("The text before, and the two texts").click()
    expect(page.get_by_text(NOTE).first).to_be_visible()
    shoot(page, "desk-merged", live)
    page.get_by_role("button", name="Confirm as it reads").click()
    expect(page.get_by_text("What stood there before stays in the history.")).to_be_visible()
    fields = wait_for(live, page, report, lambda fields: len(fields[note]["text"]) == 1)
    assert fields[note]["text"][0]["actor"] == live.cast.desk.id
    history = live.phone(live.cast.desk).call("GET", f"/api/reports/{report}/history").json["ops"]
    assert [each["payload"]["reason"] for each in history if each["payload"]["kind"] == "resolve"] == [CONFIRMED]
    page.get_by_role("button", name="Approve and lock").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve and lock").click()
    wait_for(live, page, report, lambda fields: fields["review"]["state"][-1]["value"] == "approved")
    assert handset.errors == []


def test_the_desk_asks_the_officer_about_a_disputed_entry(live: Live, browser: Callable[..., Handset]) -> None:
    """Only an officer on the report may keep or remove it; the desk sees who did what, and returns the question."""
    one, two = (live.phone(live.cast.officer, name=name) for name in ("Phone", "Tablet"))
    report = complete_report(one)
    agent = one.add(report, "agents", {"agency": "cbp"})
    one.push()
    two.pull()
    one.remove(report, agent)
    one.push()
    two.edit(report, {"as_worn": "K-4471"}, entity=agent)
    two.push()
    submitted(one, report)
    two.call(
        "POST",
        "/api/push",
        {"ops": [two.sign(two.payload(report, "edit", [two.change(report, "report", "beat", "1012")]))], "unsent": 7},
    )

    page = browser("desk", live.stack.url, DESK).open()
    open_conflicts(page, live, report)
    card = page.get_by_role("region", name=re.compile("Removed on one device, written in on another"))
    expect(card).to_contain_text("K-4471")
    for device in ("Phone", "Tablet"):
        expect(card).to_contain_text(device)
    expect(page.get_by_text("Tablet of star 12345 last reported 7 unsent,")).to_be_visible()
    shoot(page, "desk-disputed-entry", live)
    card.get_by_role("button", name="Ask with the return").click()
    page.get_by_role("button", name="Return with reasons (1)").click()
    page.get_by_role("dialog").get_by_role("button", name="Return to the officer").click()
    fields = wait_for(live, page, report, lambda fields: fields["review"]["state"][-1]["value"] == "returned")
    assert [(each["entity"], each["field"]) for each in fields["review"]["reasons"][0]["value"]] == [(agent, "@entity")]
