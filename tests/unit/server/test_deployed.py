"""What the manual tells operators to run fits the limits that the settings set by themselves (P10)."""

import re
from dataclasses import fields
from pathlib import Path

from bench.server import THREADS
from demo.stack import Stack
from server.config import Settings

MANUAL = (Path(__file__).parents[3] / "docs" / "operation.md").read_text(encoding="utf-8")


def test_a_busy_server_has_threads_left_to_say_so() -> None:
    """Pushes under way and waiting, and streams of pokes, all at their most, leave threads for a refusal and a pull."""
    defaults = {each.name: each.default for each in fields(Settings)}
    told = re.search(r"gunicorn .*--threads (\d+)", MANUAL)
    assert told
    assert int(told[1]) > 2 * defaults["waiting_pushes"] + defaults["poke_streams"]


def test_what_is_demonstrated_and_measured_is_run_as_the_manual_says() -> None:
    threads = {each.name: each.default for each in fields(Stack)}["threads"]
    assert f"--threads {THREADS} " in MANUAL
    assert threads == THREADS
