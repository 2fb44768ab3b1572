"""The app installs: manifest, icons, an own worker with everything that a start without a network needs."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.browser import Handset, ready_offline, sign_in
from tests.support.live import Live


def test_the_browser_finds_nothing_that_keeps_the_app_from_being_installed(
    live: Live, browser: Callable[..., Handset]
) -> None:
    handset = browser("officer", live.stack.url)
    page = handset.open()
    sign_in(page, live.cast.officer)
    ready_offline(page)
    assert handset.context is not None
    devtools = handset.context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A private window cannot install anything; that is about the test's browser, not about the app.
    assert [each for each in found if each["errorId"] != "in-incognito"] == []


def test_nothing_on_a_page_breaks_the_content_security_policy(live: Live, browser: Callable[..., Handset]) -> None:
    handset = browser("officer", live.stack.url)
    said: list[str] = []
    page = handset.open()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    sign_in(page, live.cast.officer)
    for link in ("Refused ID", "Note", "Hold footage", "Photo"):
        page.get_by_role("navigation", name="Capture").get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", name=link)).to_be_visible()
        page.evaluate("location.hash = '#/'")
    assert [each for each in said if "Content Security Policy" in each or "Refused to" in each] == []


def test_someone_who_never_signed_in_is_told_what_a_first_start_needs(
    live: Live, browser: Callable[..., Handset]
) -> None:
    handset = browser("officer", live.stack.url)
    page = handset.open()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    live.stack.stop_server()
    page.get_by_label("User name").fill(live.cast.officer.username)
    page.get_by_label("Password").fill(live.cast.officer.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("network once")
