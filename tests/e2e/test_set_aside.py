"""P2: what the server keeps without applying it is shown to its author with what happens next, until it is settled."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from demo.phone import Phone
from tests.e2e.browser import Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.live import Live
from tests.support.reports import complete_report


def late_words(live: Live, values: list[dict[str, str]]) -> tuple[str, Phone, list[str]]:
    """Approve a report of the officer's; then each of these edits arrives from a tablet that had not heard of it."""
    phone, tablet, desk = (
        live.phone(live.cast.officer, name="Phone"),
        live.phone(live.cast.officer, name="Old tablet"),
        live.phone(live.cast.desk),
    )
    report = complete_report(phone)
    phone.push()
    tablet.pull()
    late = [tablet.edit(report, each) for each in values]
    phone.submit(report)
    phone.push()
    desk.pull()
    desk.approve(report)
    assert desk.push()["receipts"][0]["verdict"] == "applied"
    assert {each["reason"] for each in tablet.push()["receipts"]} == {"report_locked"}
    desk.pull()
    return report, desk, late


def go(page: Page, path: str) -> None:
    page.evaluate("to => { location.hash = to }", f"#{path}")


def entry(page: Page, words: str) -> Locator:
    return page.get_by_role("article").filter(has_text=words)


def test_late_words_are_settled_by_desk_and_author(live: Live, browser: Callable[..., Handset]) -> None:
    """The desk takes one in; its author says the second as a supplement, and that the third needs nothing more."""
    words = ["W 26th St & S Kedzie Ave", "The van was grey.", "1012"]
    edits = [dict([each]) for each in zip(("address", "narrative", "beat"), words, strict=True)]
    report, desk, late = late_words(live, edits)
    desk.admit_as_supplement(report, late[0], f"The officer wrote: {words[0]}", "It came after the approval.")
    assert desk.push()["receipts"][0]["verdict"] == "applied"

    page = browser("officer", live.stack.url).open()
    sign_in(page, live.cast.officer)
    expect(page.get_by_text("2 changes not accepted").first).to_be_visible()
    go(page, f"/report/{report}/kept")
    expect(entry(page, words[0])).to_contain_text("Taken in as a supplement by Dana Desk")
    expect(entry(page, words[1])).to_contain_text("The desk decides whether it is taken in")
    shoot(page, "officer-not-accepted", live)
    entry(page, words[1]).get_by_role("link", name="Write it as a supplement").click()
    expect(page.get_by_label("Supplement")).to_have_value(re.compile(f"“{re.escape(words[1])}”"))
    page.get_by_role("button", name="Add supplement").click()
    expect(page.get_by_text("Supplement saved on this phone.").first).to_be_visible()
    go(page, f"/report/{report}/kept")
    expect(entry(page, words[1])).to_contain_text("You noted that nothing more is needed")
    entry(page, words[2]).get_by_role("button", name="Nothing more needed").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Settle it").click()
    expect(dialog.get_by_text("A reason is needed")).to_be_visible()
    dialog.get_by_role("button", name="Entered by mistake.").click()
    dialog.get_by_role("button", name="Settle it").click()
    expect(dialog).to_have_count(0)
    go(page, "/")
    expect(page.get_by_text("only on this phone").filter(visible=True)).to_have_count(0)
    expect(page.get_by_text("needs you").filter(visible=True)).to_have_count(0)

    copy = desk.call("GET", f"/api/reports/{report}").json
    settled = {op: copy["snapshot"]["fields"]["review"][f"late/{op}"][0]["value"] for op in late}
    assert [settled[op] for op in late] == ["supplement", "dismissed", "dismissed"]
    assert sorted(each["op"] for each in copy["quarantined"]) == sorted(late)


def test_an_agent_removed_while_another_phone_wrote_in_it_is_kept_by_choice(
    live: Live, browser: Callable[..., Handset]
) -> None:
    one, two = (live.phone(live.cast.officer, name=name) for name in ("Phone", "Tablet"))
    report = complete_report(one)
    kept, removed = (one.add(report, "agents", {"agency": "cbp_usbp"}) for _ in range(2))
    one.push()
    two.pull()
    for agent in (kept, removed):
        one.remove(report, agent)
        two.edit(report, {"worn_code": "K-4471"}, entity=agent)
    one.push()
    two.push()

    page = browser("officer", live.stack.url).open()
    sign_in(page, live.cast.officer)
    expect(page.get_by_text("2 removals to check").first).to_be_visible()
    for agent, choice in ((kept, "Keep it"), (removed, "Remove it")):
        go(page, f"/report/{report}/agents/{agent}")
        expect(page.get_by_text("Removed by one person while another wrote in it")).to_be_visible()
        expect(page.get_by_text(re.compile("K-4471")).first).to_be_visible()
        page.get_by_role("button", name=choice, exact=True).click()
        expect(page.get_by_role("button", name=choice, exact=True)).to_have_count(0)
    go(page, "/")
    expect(page.get_by_text("only on this phone").filter(visible=True)).to_have_count(0)
    two.pull()
    entities = two.copies[report]["snapshot"]["entities"]
    states = {agent: (entities[agent]["removed"], entities[agent]["flagged"]) for agent in (kept, removed)}
    assert states == {kept: (False, False), removed: (True, False)}
