"""Browsers for the people of the cast, on the running product of the `live` fixture."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from demo.stack import Stack
from server.config import Settings
from tests.e2e.browser import PHONE, Handset, Kind
from tests.support.cast import Cast
from tests.support.databases import Database
from tests.support.live import Live


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture
def live(
    cast: Cast,
    database: Database,
    settings: Settings,
    tmp_path: Path,
    cleanup: ExitStack,
    request: pytest.FixtureRequest,
) -> Live:
    """Web server, worker and custodian as processes: on SQLite alone, and on PostgreSQL with Redis and RQ."""
    env = {
        "HOLDFAST_SECRET_KEY": settings.secret_key,
        "HOLDFAST_CUSTODIAN_SECRET": "only-for-tests-custodian-0123456789",
        "HOLDFAST_DATABASE_URL": database.url,
        "HOLDFAST_SWEEP_SECONDS": "0.3",
    }
    if database.kind == "postgresql":
        env["HOLDFAST_REDIS_URL"] = request.getfixturevalue("redis_server").url
    stack = Stack(tmp_path / "stack", env)
    cleanup.callback(stack.stop)
    return Live(database.kind, stack.start(), cast)


@pytest.fixture
def browser(playwright: Playwright, chromium_path: str, tmp_path: Path, cleanup: ExitStack) -> Callable[..., Handset]:
    """Return a function that gives somebody a browser with a profile of its own: a phone, or a desk's."""

    def make(name: str, url: str, kind: Kind = PHONE) -> Handset:
        found = Handset(playwright, chromium_path, tmp_path / f"profile-{name}", url, kind)
        cleanup.callback(found.close)
        return found

    return make
