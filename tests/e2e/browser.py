"""A real Chromium with a profile folder that outlives it, so that it can be killed and opened again."""

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, expect

from demo.phone import Phone
from tests.support.cast import Member
from tools.chromium import FLAGS

Kind = dict[str, Any]
PHONE: Kind = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "dark",
}
# Servers, worker and browsers share the machine with the test. Waiting costs nothing where it succeeds.
PATIENCE = 45_000
expect.set_options(timeout=PATIENCE)
DESK: Kind = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}


@dataclass
class Handset:
    """One person's browser. `kill` ends it as a flat battery would; `open` starts it again on the same profile."""

    playwright: Playwright
    program: str
    profile: Path
    url: str
    kind: Kind
    context: BrowserContext | None = None
    errors: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Start on the profile and go to a page of the app."""
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=self.program,
            args=list(FLAGS),
            permissions=["camera", "geolocation"],
            geolocation={"latitude": 41.8446, "longitude": -87.7244, "accuracy": 40},
            locale="en-US",
            timezone_id="America/Chicago",
            accept_downloads=True,
            **self.kind,
        )
        page = self.context.pages[0] if self.context.pages else self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.url + path)
        return page

    @property
    def page(self) -> Page:
        assert self.context is not None
        return self.context.pages[0]

    def kill(self) -> None:
        """End every process of this browser with SIGKILL, by id."""
        mark = f"--user-data-dir={self.profile}".encode()
        ours = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _runs(each, mark)]
        for process in ours:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + 10
        while any(_runs(Path("/proc") / str(each), mark) for each in ours) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.close()
        # A killed Chromium leaves its lock behind, and the next one would refuse the profile.
        for lock in self.profile.glob("Singleton*"):
            lock.unlink(missing_ok=True)

    def close(self) -> None:
        if self.context:
            with contextlib.suppress(Exception):  # a killed browser cannot say goodbye
                self.context.close()
            self.context = None


def _runs(process: Path, mark: bytes) -> bool:
    try:
        return mark in (process / "cmdline").read_bytes()
    except OSError:
        return False


def sign_in(page: Page, member: Member) -> None:
    """Sign in through the screen."""
    page.get_by_label("User name").fill(member.username)
    page.get_by_label("Password").fill(member.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


def ready_offline(page: Page) -> None:
    """Wait until the app says that it can start without a network."""
    page.evaluate("location.hash = '#/safe'")
    expect(page.get_by_text("This phone can start without a network.")).to_be_visible()
    page.evaluate("location.hash = '#/'")


def refuse(page: Page) -> None:
    """Note with one tap that an agent refused; the phone says so only once agent and answer are on its disk."""
    page.get_by_role("link", name="Refused ID").click()
    page.get_by_role("button", name="Refused", exact=True).click()
    expect(page.get_by_text(re.compile("→ Refused · saved")).first).to_be_visible()


def wait_for_lists(desk: Phone, lists: list[str]) -> None:
    """Follow the feed until its one report holds these entities and no others: each is delivered by itself."""
    found: list[list[str]] = []
    for _ in range(90):
        desk.pull()
        entities = [copy["snapshot"]["entities"].values() for copy in desk.copies.values()]
        found = [sorted(each["list"] for each in report) for report in entities]
        if found == [lists]:
            return
        time.sleep(0.5)
    raise AssertionError(found)
