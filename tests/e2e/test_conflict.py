"""Two devices, one report: edits to different fields both stand; edits to the same field are settled by a person."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.browser import DESK, Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report

PATIENCE = 45_000


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
    expect(page.get_by_text("in the desk's hands").or_(page.get_by_text("needs you")).first).to_be_visible(
        timeout=PATIENCE
    )
    go(page, f"/report/{report}")
    page.get_by_role("link", name=re.compile("Address")).first.click()
    for value in values:
        expect(page.get_by_text(value).first).to_be_visible()
    expect(page.get_by_text("Tablet").first).to_be_visible()
    shoot(page, "officer-conflict", live)
    page.get_by_role("button", name=re.compile("^Keep that")).click()
    page.get_by_role("button", name="Settle it").click()
    expect(page.get_by_text("A reason is needed").first).to_be_visible()
    page.get_by_label("Reason").fill("The video shows the east corner.")
    page.get_by_role("button", name="Settle it").click()
    reader = live.phone(live.cast.desk)
    page.wait_for_function("() => !document.body.innerText.includes('Settle it')")
    settled(reader, report, page)


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
    page.locator(f"a[data-report='{report}']").click(timeout=PATIENCE)
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
