"""Two devices, one report: edits to different fields both stand; edits to the same field are settled by a person.

P2: whoever wrote a value that was not kept is told, and a value that arrives unseen during a decision stands beside it.
"""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.browser import DESK, Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report


def conflicted(live: Live) -> tuple[str, list[str]]:
    """Save a report on one phone, then write the same field from it and from a tablet, apart. Returns the names."""
    one = live.phone(live.cast.officer, name="Phone")
    two = live.phone(live.cast.officer, name="Tablet")
    report = complete_report(one)
    one.push()
    two.pull()
    one.edit(report, {"address": "the south corner"})
    two.edit(report, {"address": "the east corner", "event_number": "2632700001"})
    one.push()
    assert two.push()["receipts"][0]["verdict"] == "conflict"
    return report, ["the south corner", "the east corner"]


def go(page: Page, path: str) -> None:
    page.evaluate("to => { location.hash = to }", f"#{path}")


def test_the_officer_settles_a_conflict_with_a_reason(live: Live, browser: Callable[..., Handset]) -> None:
    report, values = conflicted(live)
    page = browser("officer", live.stack.url).open()
    sign_in(page, live.cast.officer)
    expect(page.get_by_text("in the desk's hands").or_(page.get_by_text("needs you")).first).to_be_visible()
    go(page, f"/report/{report}")
    page.get_by_role("link", name=re.compile("Address")).first.click()
    for value in values:
        expect(page.get_by_text(value).first).to_be_visible()
    expect(page.get_by_text("Tablet").first).to_be_visible()
    expect(page.get_by_text(re.compile("by the server’s clock")).first).to_be_visible()
    expect(page.get_by_text(re.compile("All had seen:"))).to_contain_text("“W 26th St & S Pulaski Rd” (You")
    shoot(page, "officer-conflict", live)
    page.get_by_role("button", name=re.compile("^Keep that")).click()
    page.get_by_role("button", name="Settle it").click()
    expect(page.get_by_text("A reason is needed").first).to_be_visible()
    page.get_by_label("Reason").fill("The video shows the east corner.")
    page.get_by_role("button", name="Settle it").click()
    reader = live.phone(live.cast.desk)
    page.wait_for_function("() => !document.body.innerText.includes('Settle it')")
    settled(reader, report, page)


def open_conflict(page: Page, live: Live, report: str) -> None:
    """Sign the officer in and open the two values of the address."""
    sign_in(page, live.cast.officer)
    expect(page.get_by_text("needs you").first).to_be_visible()
    go(page, f"/report/{report}/conflict/report/address")
    expect(page.get_by_role("button", name=re.compile("^Keep that"))).to_be_visible()


def choose(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Keep that")).click()
    page.get_by_role("button", name="The photo or the video shows it.").click()


def test_a_value_that_arrives_during_the_decision_shows_itself(live: Live, browser: Callable[..., Handset]) -> None:
    report, _ = conflicted(live)
    page = browser("officer", live.stack.url).open()
    open_conflict(page, live, report)
    choose(page)
    third = write_unseen(live, report, "the north corner")
    expect(page.get_by_text("A further value arrived while you were deciding")).to_be_visible()
    expect(page.get_by_text("the north corner").first).to_be_visible()
    expect(page.get_by_role("button", name="Choose first")).to_be_disabled()
    page.get_by_role("button", name=re.compile("Keep value 3")).click()
    page.get_by_role("button", name="Settle it").click()
    heads = wait_for_address(live, page, lambda heads: len(heads) == 1)
    assert (heads[0]["value"], third in heads[0]["base"]) == ("the north corner", True)


def test_a_value_that_arrives_unseen_stands_beside_the_decision(live: Live, browser: Callable[..., Handset]) -> None:
    """The phone has no network while a third value comes; its decision does not take that value out of view."""
    report, values = conflicted(live)
    handset = browser("officer", live.stack.url)
    page = handset.open()
    open_conflict(page, live, report)
    assert handset.context is not None
    handset.context.set_offline(True)
    choose(page)
    page.get_by_role("button", name="Settle it").click()
    expect(page.get_by_text("Settled.").first).to_be_visible()
    write_unseen(live, report, "the north corner")
    handset.context.set_offline(False)
    both = {values[1], "the north corner"}
    heads = wait_for_address(live, page, lambda heads: {each["value"] for each in heads} == both)
    assert len(heads) == 2
    go(page, f"/report/{report}/conflict/report/address")
    expect(page.get_by_text("the north corner").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Keep that"))).to_be_visible()


def write_unseen(live: Live, report: str, value: str) -> str:
    """Write the address on a third device that had seen only the first value. Returns the op."""
    late = live.phone(live.cast.officer, name="Laptop")
    late.pull()
    first = late.call("GET", f"/api/reports/{report}").json["snapshot"]["open"]["report"]["address"]["seen"]
    late.heads[report, "report", "address"] = [each["op"] for each in first]
    op = late.edit(report, {"address": value})
    assert late.push()["receipts"][0]["verdict"] == "conflict"
    return op


def wait_for_address(live: Live, page: Page, done: Callable[[list[Any]], bool]) -> list[Any]:
    reader = live.phone(live.cast.desk)
    heads: list[Any] = []
    for _ in range(90):
        heads = reader.call("GET", f"/api/reports/{report_of(page)}").json["snapshot"]["fields"]["report"]["address"]
        if done(heads):
            return heads
        page.wait_for_timeout(500)
    raise AssertionError(heads)


def report_of(page: Page) -> str:
    found = re.search(r"#/report/([0-9a-f-]{36})", page.url)
    assert found is not None
    return found[1]


def test_the_author_of_a_value_that_was_not_kept_is_told(live: Live, browser: Callable[..., Handset]) -> None:
    report, values = conflicted(live)
    desk = live.phone(live.cast.desk)
    desk.pull()
    desk.resolve(report, "address", values[1], "The video shows it.")
    assert desk.push()["receipts"][0]["verdict"] == "applied"
    page = browser("officer", live.stack.url).open()
    sign_in(page, live.cast.officer)
    told = page.get_by_text(re.compile("Your “the south corner” was not kept: Dana Desk.* chose “the east corner”"))
    expect(told.first).to_be_visible()
    expect(page.get_by_text("Reason: The video shows it.").first).to_be_visible()
    shoot(page, "officer-not-kept", live)
    page.get_by_role("link", name="Write it again").first.click()
    expect(page.get_by_label("Write it again")).to_have_value("the south corner")
    page.get_by_label("Write it again").fill("the south-east corner")
    page.get_by_role("button", name="Save", exact=True).click()
    heads = wait_for_address(live, page, lambda heads: [each["value"] for each in heads] == ["the south-east corner"])
    assert len(heads) == 1
    go(page, "/")
    page.get_by_role("button", name="Understood").first.click()
    expect(told).to_have_count(0)
    page.reload()
    expect(page.get_by_role("navigation", name="Capture")).to_be_visible()
    expect(page.get_by_text("the south-east corner").first).to_be_visible()
    expect(told).to_have_count(0)


def settled(reader: object, report: str, page: Page) -> None:
    """Wait until the server shows one value, and both in the history."""
    from demo.phone import Phone

    assert isinstance(reader, Phone)
    for _ in range(60):
        fields = reader.call("GET", f"/api/reports/{report}").json["snapshot"]["fields"]["report"]
        if len(fields["address"]) == 1:
            break
        page.wait_for_timeout(500)
    assert len(fields["address"]) == 1
    assert [head["value"] for head in fields["event_number"]] == ["2632700001"]
    history = reader.call("GET", f"/api/reports/{report}/history").json["ops"]
    written = [edit["value"] for op in history for edit in op["payload"]["edits"] if edit["field"] == "address"]
    assert {"the south corner", "the east corner"} <= set(written)
    assert all(op["payload"]["reason"] for op in history if op["payload"]["kind"] == "resolve")
    assert any(op["payload"]["kind"] == "resolve" for op in history)


def test_the_desk_settles_a_conflict_with_a_reason(live: Live, browser: Callable[..., Handset]) -> None:
    report, values = conflicted(live)
    page = browser("desk", live.stack.url, DESK).open()
    sign_in(page, live.cast.desk)
    page.get_by_role("link", name=re.compile("^Conflicts")).first.click()
    page.locator(f"a[data-report='{report}']").click()
    page.get_by_role("navigation", name="Report").get_by_role("link", name=re.compile("^Conflicts")).click()
    for value in values:
        expect(page.get_by_text(value).first).to_be_visible()
    shoot(page, "desk-conflict", live)
    page.get_by_role("radio").first.check(force=True)
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    page.get_by_label(re.compile("^Reason")).fill("Asked the officer on the radio.")
    page.get_by_role("button", name="Resolve").click()
    settled(live.phone(live.cast.desk), report, page)
