"""P10: an expired session strands nothing: the phone still captures, and still delivers by its device's signature."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.browser import Handset, ready_offline, refuse, sign_in, wait_for_lists
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
    refuse(page)
    desk = live.phone(live.cast.desk)
    wait_for_lists(desk, ["agents", "attempts"])
