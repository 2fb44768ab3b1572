"""Pictures of the screens, taken where a test passes by; the README and the guides show them."""

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.support.live import Live

FOLDER = Path(os.environ.get("HOLDFAST_SCREENS", "test-results/screens"))


def shoot(page: Page, name: str, live: Live) -> None:
    """Save a picture, once: the runs on both databases look the same."""
    if live.kind == "sqlite":
        FOLDER.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
