"""The main job, end to end: a report written offline becomes reviewed at the desk, and its footage is held."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from demo.phone import Phone
from tests.e2e.browser import DESK, Handset, ready_offline, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live

ADDRESS = "W 26th St & S Pulaski Rd"
CORRECTED = "W 26th St & S Pulaski Rd, north-east corner"
STORY = "Two agents stood at the corner. One showed a badge. One was asked for a name and refused."


def test_a_report_written_offline_is_reviewed_and_its_footage_held(live: Live, browser: Callable[..., Handset]) -> None:
    handset = browser("officer", live.stack.url)
    page = handset.open()
    sign_in(page, live.cast.officer)
    ready_offline(page)
    live.stack.stop_server()
    handset.close()

    page = handset.open()  # a cold start without a server
    write_report(page)
    expect(page.get_by_text("only on this phone").first).to_be_visible()
    handset.kill()
    page = handset.open()
    expect(page.get_by_text("only on this phone").first).to_be_visible()
    shoot(page, "officer-home-offline", live)

    live.stack.start_server()
    expect(page.get_by_text("in the desk's hands").first).to_be_visible()
    expect(page.get_by_text("only on this phone").filter(visible=True)).to_have_count(0)

    desk = browser("desk", live.stack.url, DESK)
    desk_page = desk.open()
    sign_in(desk_page, live.cast.desk)
    report = open_at_desk(desk_page, ADDRESS)
    shoot(desk_page, "desk-report", live)
    check_photo(desk_page, live, report)
    check_hold(desk_page, live, report)
    return_with_reason(desk_page, report)

    correct_and_submit(page, live)
    approve(desk_page, report)
    expect(page.get_by_text("Approved and locked.")).to_be_visible()
    shoot(page, "officer-approved", live)
    assert held_once(live)
    assert handset.errors == []
    assert desk.errors == []


def write_report(page: Page) -> None:
    """Two agents, one refused and one shown; a photo, a hold, the place, the words; and submit. All offline."""
    page.get_by_role("link", name="Refused ID").click()
    page.get_by_role("button", name="Refused", exact=True).click()
    page.get_by_role("button", name="Open Agent 1").click()
    choose(page, "Agency", "ICE-ERO")
    to_report(page)
    open_section(page, "Agents")
    page.get_by_role("button", name="Add agent").click()
    expect(page.get_by_role("heading", name="Agent 2")).to_be_visible()
    page.get_by_text("Badge", exact=True).first.click()
    page.get_by_role("button", name="Shown", exact=True).click()
    choose(page, "Agency", "CBP-USBP")
    to_report(page)
    capture(page, "Photo")
    page.get_by_role("button", name="Take photo").click()
    expect(page.get_by_text("1 photo saved on this phone")).to_be_visible()
    to_report(page)
    capture(page, "Hold footage")
    page.get_by_role("button", name="Hold this footage").click()
    expect(page.get_by_text("days left").first).to_be_visible()
    page.get_by_role("button", name="Done").click()
    open_section(page, "Place & time")
    page.get_by_role("button", name="Now").first.click()
    page.get_by_label("Address or intersection").fill(ADDRESS)
    to_report(page)
    open_section(page, "Narrative")
    page.get_by_label("Narrative").fill(STORY)
    to_report(page)
    submit(page)


def to_report(page: Page) -> None:
    """Go to the report's own page, wherever the screens are."""
    found = re.search(r"#/report/([0-9a-f-]{36})", page.url)
    if found is None:
        link = page.locator("a[href*='#/report/']").first
        found = re.search(r"#/report/([0-9a-f-]{36})", str(link.get_attribute("href")))
    assert found is not None
    page.evaluate("to => { location.hash = to }", f"#/report/{found[1]}")
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()


def open_section(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Sections").get_by_role("link", name=re.compile(f"^{re.escape(name)}")).click()
    expect(page.get_by_role("navigation", name="Sections")).to_have_count(0)


def capture(page: Page, what: str) -> None:
    page.get_by_role("navigation", name="Capture").get_by_role("link", name=what).click()


def choose(page: Page, field: str, option: str) -> None:
    group = page.get_by_role("group", name=re.compile(f"^{field}"))
    group.get_by_text(option, exact=True).click()
    expect(page.get_by_text("Saved").first).to_be_visible()


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def open_at_desk(page: Page, title: str) -> str:
    """Open the report that has arrived; return its id."""
    row = page.locator("a[data-report]", has_text=title).first
    row.click()
    expect(page.locator("#report-title")).to_contain_text(title)
    return str(row.get_attribute("data-report"))


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Report").get_by_role("link", name=re.compile(f"^{name}")).click()


def check_photo(page: Page, live: Live, report: str) -> None:
    """P1, P7: the bytes at the desk have the hash that the phone signed."""
    tab(page, "Photos")
    page.get_by_role("button", name=re.compile("photo", re.IGNORECASE)).first.click()
    expect(page.get_by_text("hash checked").first).to_be_visible()
    shoot(page, "desk-photo", live)
    page.keyboard.press("Escape")
    desk = live.phone(live.cast.desk)
    copy: dict[str, Any] = desk.call("GET", f"/api/reports/{report}").json
    photo = copy["photos"][0]
    signed = copy["snapshot"]["fields"][photo["photo"]]["sha256"][0]["value"]
    content = desk.call("GET", f"/api/reports/{report}/photos/{photo['photo']}").body
    assert hashlib.sha256(content).hexdigest() == signed == photo["sha256"]


def check_hold(page: Page, live: Live, report: str) -> None:
    tab(page, "Footage")
    expect(page.get_by_text("Read back from the custodian").first).to_be_visible()
    desk: Phone = live.phone(live.cast.desk)
    hold = desk.call("GET", f"/api/reports/{report}").json["holds"][0]
    assert (hold["state"], bool(hold["reference"])) == ("held", True)
    shoot(page, "desk-footage", live)


def held_once(live: Live) -> bool:
    """P6: the custodian, a process of its own, keeps exactly one hold."""
    holds = httpx.get(f"{live.stack.custodian_url}/holds").json()["holds"]
    return [each["state"] for each in holds] == ["held"]


def return_with_reason(page: Page, report: str) -> None:
    tab(page, "Facts")
    page.get_by_role("button", name=re.compile("^Comment on.*Address", re.IGNORECASE)).click()
    page.get_by_role("textbox", name=re.compile("comment|Address", re.IGNORECASE)).last.fill("Which corner?")
    page.get_by_role("button", name=re.compile("^(Add|Keep|Save|Done)", re.IGNORECASE)).last.click()
    page.get_by_role("button", name=re.compile("^Return with reasons")).click()
    page.get_by_role("dialog").get_by_role("button", name="Return to the officer").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def correct_and_submit(page: Page, live: Live) -> None:
    """The return is seen on the phone without a tap, with its reason beside the field."""
    expect(page.get_by_text("needs you").first).to_be_visible()
    to_report(page)
    expect(page.get_by_text("Which corner?").first).to_be_visible()
    shoot(page, "officer-returned", live)
    open_section(page, "Place & time")
    page.get_by_label("Address or intersection").fill(CORRECTED)
    page.get_by_label("Address or intersection").blur()
    to_report(page)
    submit(page)


def approve(page: Page, report: str) -> None:
    expect(page.get_by_text(CORRECTED).first).to_be_visible()
    # Correction and submission may come one after the other; what comes after "I have read" must be read too.
    expect(page.get_by_role("button", name=re.compile("^Return with reasons"))).to_be_enabled()
    page.get_by_role("button", name=re.compile("^I have read")).click()
    page.get_by_role("button", name="Approve and lock").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
