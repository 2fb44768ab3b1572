"""The service worker delivers by itself where the app is closed, on the browser's word alone (Background Sync)."""

import time
from collections.abc import Callable

from playwright.sync_api import CDPSession, Page, expect

from tests.e2e.browser import Handset, ready_offline, refuse, sign_in, wait_for_lists
from tests.support.live import Live


def registration_of(devtools: CDPSession, page: Page, origin: str) -> str:
    """Return the id by which the browser knows the app's worker."""
    found: list[str] = []

    def note(event: dict[str, list[dict[str, str]]]) -> None:
        found.extend(each["registrationId"] for each in event["registrations"] if each["scopeURL"].startswith(origin))

    devtools.on("ServiceWorker.workerRegistrationUpdated", note)
    devtools.send("ServiceWorker.enable")
    for _ in range(300):
        if found:
            break
        page.wait_for_timeout(100)
    return found[-1]


def test_what_was_saved_without_a_network_arrives_though_the_app_is_closed(
    live: Live, browser: Callable[..., Handset]
) -> None:
    handset = browser("officer", live.stack.url)
    page = handset.open()
    sign_in(page, live.cast.officer)
    ready_offline(page)
    assert handset.context is not None
    devtools = handset.context.new_cdp_session(page)
    told = {"origin": live.stack.url, "registrationId": registration_of(devtools, page, live.stack.url)}
    live.stack.stop_server()
    refuse(page)
    page.evaluate("location.hash = '#/'")
    expect(page.get_by_text("Only on this phone: ").first).to_be_visible()
    page.goto("about:blank")
    live.stack.start_server()
    desk = live.phone(live.cast.desk)
    time.sleep(3)
    desk.pull()
    assert not desk.copies  # nobody sends while the app is closed and the browser has said nothing
    devtools.send("ServiceWorker.dispatchSyncEvent", {**told, "tag": "holdfast-send", "lastChance": False})
    wait_for_lists(desk, ["agents", "attempts"])
