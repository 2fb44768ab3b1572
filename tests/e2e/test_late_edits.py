"""P2 at the desk: words that arrived too late are taken in, added or closed by a person who says why."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from demo.phone import Phone
from tests.e2e.browser import DESK, Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report


def approved_before(live: Live, edits: list[dict[str, str]]) -> tuple[str, list[str]]:
    """Approve a report; then these edits of it arrive from a tablet that had no network. Returns report and ops."""
    phone, tablet = (live.phone(live.cast.officer, name=name) for name in ("Phone", "Old tablet"))
    desk = live.phone(live.cast.desk)
    report = complete_report(phone)
    phone.push()
    tablet.pull()
    late = [tablet.edit(report, each) for each in edits]
    phone.submit(report)
    phone.push()
    desk.pull()
    desk.approve(report)
    assert desk.push()["receipts"][0]["verdict"] == "applied"
    assert {each["reason"] for each in tablet.push()["receipts"]} == {"report_locked"}
    return report, late


def written_unnamed(live: Live, values: dict[str, str]) -> tuple[str, str]:
    """Submit a report; a colleague who was named on it and is no more writes what he knows. Returns report and op."""
    phone = live.phone(live.cast.officer)
    colleague = live.phone(live.cast.partner, name="Colleague's phone")
    report = complete_report(phone)
    named = phone.add(report, "officers", {"star": live.cast.partner.star})
    phone.push()
    colleague.pull()
    phone.remove(report, named)
    phone.submit(report)
    phone.push()
    late = colleague.edit(report, values)
    assert colleague.push()["receipts"][0]["reason"] == "not_allowed"
    return report, late


def open_late(page: Page, live: Live, report: str) -> None:
    sign_in(page, live.cast.desk)
    row = page.locator(f"a[data-report='{report}']")
    row.click()
    expect(page.get_by_text("to decide about")).to_be_visible()
    page.get_by_role("navigation", name="Report").get_by_role("link", name=re.compile("^Late")).click()


def entry(page: Page, words: str) -> Locator:
    return page.get_by_role("article").filter(has_text=words).get_by_role("article").filter(has_text=words)


def give_reason(page: Page, button: str, reason: str) -> None:
    """Try without a reason, which is refused, and then with one."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button).click()
    expect(dialog.get_by_role("alert")).to_have_text("Say why.")
    dialog.get_by_label(re.compile("^Reason")).fill(reason)
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_have_count(0)


def read(live: Live, report: str) -> dict[str, Any]:
    found: dict[str, Any] = live.phone(live.cast.desk).call("GET", f"/api/reports/{report}").json
    return found


def reasons(reader: Phone, report: str) -> list[tuple[str, str]]:
    ops = reader.call("GET", f"/api/reports/{report}/history").json["ops"]
    return [(each["payload"]["kind"], each["payload"]["reason"]) for each in ops if "reason" in each["payload"]]


def test_late_words_are_added_as_a_supplement_or_closed(live: Live, browser: Callable[..., Handset]) -> None:
    report, late = approved_before(live, [{"address": "W 26th St & S Kedzie Ave"}, {"beat": "1012"}])
    handset = browser("desk", live.stack.url, DESK)
    page = handset.open()
    open_late(page, live, report)
    expect(page.locator(f"a[data-report='{report}']")).to_contain_text("2 late")
    address = entry(page, "Kedzie")
    expect(address).to_contain_text(f"{live.cast.officer.display_name}, star {live.cast.officer.star}")
    expect(address).to_contain_text("Old tablet")
    expect(address).to_contain_text("by the server’s clock")
    expect(address).to_contain_text("The report was approved and locked before this arrived.")
    expect(address.get_by_role("row", name=re.compile("Address"))).to_contain_text("W 26th St & S Pulaski Rd")
    expect(address.locator("mark")).to_have_text(["Pulaski Rd", "Kedzie Ave"])
    shoot(page, "desk-late", live)

    address.get_by_role("button", name="Add as a supplement").click()
    text = page.get_by_role("dialog").get_by_label("Supplement")
    expect(text).to_have_value(re.compile("^Written by .*Old tablet.*\nAddress.*: “W 26th St & S Kedzie Ave”$"))
    text.fill(text.input_value() + "\nAsked on the radio: the corner is right.")
    give_reason(page, "Add as a supplement", "The tablet had no network.")
    expect(page.get_by_text("Added as a supplement. The approved text stays as it was.")).to_be_visible()
    entry(page, "1012").get_by_role("button", name="Nothing more needed").click()
    give_reason(page, "Nothing more needed", "The report says it already.")
    expect(page.get_by_text("Its words stay stored and listed.")).to_be_visible()
    expect(page.locator(f"a[data-report='{report}']")).not_to_contain_text("late")

    page.get_by_text("2 changes that need nothing more").click()
    expect(entry(page, "Kedzie")).to_contain_text("Reason given: The tablet had no network.")
    expect(entry(page, "1012")).to_contain_text(f"Nothing more needed: {live.cast.desk.display_name}")
    shoot(page, "desk-late-settled", live)
    copy = read(live, report)
    snapshot = copy["snapshot"]
    settled = [snapshot["fields"]["review"][f"late/{op}"][0]["value"] for op in late]
    assert settled == ["supplement", "dismissed"]
    assert snapshot["fields"]["report"]["address"][0]["value"] == "W 26th St & S Pulaski Rd"
    (added,) = [entity for entity, about in snapshot["entities"].items() if about["list"] == "supplements"]
    assert snapshot["fields"][added]["text"][0]["value"].endswith("the corner is right.")
    assert sorted(each["op"] for each in copy["quarantined"]) == sorted(late)
    assert handset.errors == []


def test_late_words_are_taken_in_as_they_were_written(live: Live, browser: Callable[..., Handset]) -> None:
    words = "One of the agents gave the name “Smith” to me."
    report, late = written_unnamed(live, {"narrative": words, "beat": "1012"})
    handset = browser("desk", live.stack.url, DESK)
    page = handset.open()
    open_late(page, live, report)
    expect(entry(page, words)).to_contain_text("The account may not write this to this report.")
    entry(page, words).get_by_role("button", name="Take in as a correction").click()
    expect(page.get_by_role("dialog")).to_contain_text(words)
    give_reason(page, "Take in as a correction", "He was there; the naming was taken back by mistake.")
    expect(page.get_by_text("Taken in as it was written.").first).to_be_visible()

    page.get_by_role("navigation", name="Report").get_by_role("link", name="Facts").click()
    page.get_by_role("button", name="Who wrote Beat").click()
    expect(page.get_by_text("taken in as it was written by:")).to_be_visible()
    expect(page.get_by_text("Colleague's phone").first).to_be_visible()
    page.get_by_role("navigation", name="Report").get_by_role("link", name="History").click()
    expect(page.get_by_text(f"Taken in as a correction: what {live.cast.partner.display_name}")).to_be_visible()
    shoot(page, "desk-late-history", live)
    fields = read(live, report)["snapshot"]["fields"]
    assert [head["value"] for head in fields["report"]["beat"]] == ["1012"]
    assert [head["value"] for head in fields["report"]["narrative"]] == [words]
    assert fields["review"][f"late/{late}"][0]["value"] == "correction"
    assert ("admit", "He was there; the naming was taken back by mistake.") in reasons(
        live.phone(live.cast.desk), report
    )
    assert handset.errors == []
