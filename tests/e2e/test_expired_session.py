"""P10: an expired session strands nothing: the phone still captures, and still delivers by its device's signature."""

import time
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.browser import Handset, ready_offline, sign_in
from tests.support.live import Live


def test_a_phone_whose_session_is_over_captures_and_delivers(live: Live, browser: Callable[..., Handset]) -> None:
    handset = browser("officer", live.stack.url)
    page = handset.open()
    sign_in(page, live.cast.officer)
    ready_offline(page)
    assert handset.context is not None
    handset.context.clear_cookies()  # with the cookie and the page's memory gone, nothing of the session is left
    page.reload()
    expect(page.get_by_text("Sign in to see what changed").first).to_be_visible()
    page.get_by_role("link", name="Refused ID").click()
    page.get_by_role("button", name="Refused", exact=True).click()
    expect(page.get_by_text("Saved").first).to_be_visible()
    desk = live.phone(live.cast.desk)
    for _ in range(60):
        desk.pull()
        if desk.copies:
            break
        time.sleep(0.5)
    (copy,) = desk.copies.values()
    lists = sorted(entity["list"] for entity in copy["snapshot"]["entities"].values())
    assert lists == ["agents", "attempts"]
