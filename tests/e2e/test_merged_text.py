"""P3: where two phones change different sentences of one note, the merge is labelled until somebody confirms it."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from demo.phone import Phone
from tests.e2e.browser import Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report

NOTE = "A grey van stood at the corner. Two persons got out. They walked to the shop. The van left."
ONE = NOTE.replace("A grey van", "A dark grey van")
OTHER = NOTE.replace("The van left.", "The van left at 21:20.")
MERGED = ONE.replace("The van left.", "The van left at 21:20.")
LABEL = "Merged from two texts, not confirmed yet"


def test_a_merged_note_is_labelled_until_it_is_read_and_confirmed(live: Live, browser: Callable[..., Handset]) -> None:
    phone = live.phone(live.cast.officer)
    report = complete_report(phone)
    note = phone.add(report, "notes", {"text": NOTE})
    phone.push()
    first, second = (browser(name, live.stack.url) for name in ("first", "second"))
    pages = [open_notes(each, live, report) for each in (first, second)]
    for handset, page, text in zip((first, second), pages, (ONE, OTHER), strict=True):
        write_offline(handset, page, text)
    for handset in (first, second):
        assert handset.context is not None
        handset.context.set_offline(False)

    page = pages[0]
    link = page.get_by_role("link", name=re.compile(LABEL))
    expect(link.first).to_be_visible()
    expect(page.get_by_text(MERGED).first).to_be_visible()
    desk = live.phone(live.cast.desk)
    submit(page, report)
    assert approval(desk, page, report) == ("quarantined", "unconfirmed_merge")

    open_report(page, report)
    page.get_by_role("link", name=re.compile(LABEL)).first.click()
    for text in (ONE, OTHER):
        expect(page.get_by_text(text).first).to_be_visible()
    shoot(page, "officer-merged", live)
    page.get_by_role("button", name="Read and confirm").click()
    expect(page.get_by_text("Confirmed.").first).to_be_visible()
    heads = confirmed(desk, page, report, note)
    assert [each["value"] for each in heads] == [MERGED]
    assert approval(desk, page, report) == ("applied", None)
    expect(pages[1].get_by_text(MERGED).first).to_be_visible()
    expect(pages[1].get_by_text(LABEL)).to_have_count(0)
    assert first.errors == second.errors == []


def go(page: Page, path: str) -> None:
    page.evaluate("to => { location.hash = to }", f"#{path}")


def open_report(page: Page, report: str) -> None:
    go(page, f"/report/{report}")
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()


def open_notes(handset: Handset, live: Live, report: str) -> Page:
    page = handset.open()
    sign_in(page, live.cast.officer)
    go(page, f"/report/{report}/notes")
    expect(page.get_by_label("Note", exact=True)).to_have_value(NOTE)
    return page


def write_offline(handset: Handset, page: Page, text: str) -> None:
    assert handset.context is not None
    handset.context.set_offline(True)
    page.get_by_label("Note", exact=True).fill(text)
    page.get_by_label("Note", exact=True).blur()
    expect(page.get_by_text("Saved").first).to_be_visible()


def submit(page: Page, report: str) -> None:
    """A merged text is named as a thing to do, and does not hold the report back."""
    open_report(page, report)
    page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Before sign-off").first).to_be_visible()
    expect(dialog.get_by_role("link", name=re.compile(LABEL))).to_be_visible()
    dialog.get_by_role("button", name="Submit", exact=True).click()
    expect(dialog).to_have_count(0)


def approval(desk: Phone, page: Page, report: str) -> tuple[str, str | None]:
    """Approve at the desk once the report is submitted there, having read it. Returns verdict and reason."""
    for _ in range(90):
        desk.pull()
        if desk.copies.get(report, {}).get("snapshot", {}).get("state") == "submitted":
            break
        page.wait_for_timeout(500)
    desk.approve(report)
    (receipt,) = desk.push()["receipts"]
    return receipt["verdict"], receipt["reason"]


def confirmed(desk: Phone, page: Page, report: str, note: str) -> list[Any]:
    heads: list[Any] = []
    for _ in range(90):
        heads = desk.call("GET", f"/api/reports/{report}").json["snapshot"]["fields"][note]["text"]
        if len(heads) == 1:
            break
        page.wait_for_timeout(500)
    return heads
