"""The admin: makes an officer, resets a password, suspends; and never meets a report."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.browser import DESK, Handset, sign_in
from tests.e2e.screens import shoot
from tests.support.cast import Member
from tests.support.live import Live

NEW_PASSWORD = "seven quiet lamps by the river"


def test_an_admin_makes_an_officer_who_signs_in_and_is_suspended(live: Live, browser: Callable[..., Handset]) -> None:
    admin = browser("admin", live.stack.url, DESK).open()
    sign_in(admin, live.cast.admin)
    once = make_officer(admin)
    shoot(admin, "admin-accounts", live)
    officer = browser("new", live.stack.url).open()
    first_sign_in(officer, once)
    reset = reset_password(admin)
    assert reset != once
    admin.get_by_role("button", name="Suspend Nia New").click()
    admin.get_by_role("dialog").get_by_role("button", name=re.compile("Suspend")).click()
    expect(admin.get_by_role("button", name="Reactivate Nia New")).to_be_visible()
    again = browser("again", live.stack.url).open()
    again.get_by_label("User name").fill("nia.new")
    again.get_by_label("Password").fill(reset)
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_be_visible()


def make_officer(page: Page) -> str:
    """Fill in the form; return the one-time password that is shown once."""
    page.get_by_role("button", name="Add account").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Name", exact=True).fill("Nia New")
    form.get_by_role("textbox", name="User name").fill("nia.new")
    form.get_by_role("textbox", name="Star number").fill("54321")
    form.get_by_role("combobox", name="District").select_option("010")
    form.get_by_role("button", name="Create account").click()
    password = page.get_by_label("One-time password").last.inner_text()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Nia New").first).to_be_visible()
    return password


def first_sign_in(page: Page, once: str) -> None:
    """Sign in with the one-time password, and choose another one before anything else."""
    page.get_by_label("User name").fill("nia.new")
    page.get_by_label("Password").fill(once)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Current password").fill(once)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password again").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("link", name="Hold footage")).to_be_visible()


def reset_password(page: Page) -> str:
    page.get_by_role("button", name="Reset the password of Nia New").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Reset")).click()
    password = page.get_by_label("One-time password").last.inner_text()
    page.get_by_role("button", name="Done").click()
    return password


def test_an_admin_sees_no_report(live: Live, browser: Callable[..., Handset]) -> None:
    admin: Member = live.cast.admin
    page = browser("admin", live.stack.url, DESK).open("/#/desk")
    sign_in(page, admin)
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    expect(page.get_by_text("Queue")).to_have_count(0)
