"""Find a real Chromium, and bring one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


class MissingChromium(Exception):
    """No Chromium was found or could be brought; the message says what to install."""


def find() -> str | None:
    """Return the path of a Chromium: HOLDFAST_CHROMIUM, else PATH, else the one Playwright has installed."""
    chosen = os.environ.get("HOLDFAST_CHROMIUM")
    if chosen:
        return chosen
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    return _of_playwright()


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _bring() -> None:
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Chromium is missing: installing it with apt-get.", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], env=quiet, check=False)
        if subprocess.run(["apt-get", "install", "-qy", "chromium"], env=quiet, check=False).returncode == 0:
            return
    print("Chromium is missing: installing it with Playwright.", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def require() -> str:
    """Return the path of a Chromium. Raises MissingChromium with what to install."""
    found = find()
    if found is None:
        raise MissingChromium(
            "Chromium is missing. Install `chromium` or `google-chrome`, or point HOLDFAST_CHROMIUM at it."
        )
    return found


def main() -> int:
    """Make sure that a Chromium is there; print its path."""
    if find() is None:
        _bring()
    try:
        print(f"Chromium: {require()}")
    except MissingChromium as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
