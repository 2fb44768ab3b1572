"""Two requests at once: one stands still inside its transaction while others run, as far as its locks let them."""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.simulation.hooks import Hooks, Plan
from tests.simulation.server import Server

# Real seconds. Nothing here takes long; a thread that does is stuck, and that is a finding.
_PATIENCE = 60
_GLANCE = 0.002
_BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state = 'active' AND wait_event_type = 'Lock'"
)


class Stuck(AssertionError):
    """A thread did not come back."""


class _Thread(threading.Thread):
    """Runs something under a plan, and keeps what it raised."""

    def __init__(self, hooks: Hooks, plan: Plan, work: Callable[[], Any]):
        super().__init__(daemon=True)
        self._hooks, self._plan, self._work = hooks, plan, work
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            with self._hooks.planned(self._plan):
                self._work()
        except BaseException as failed:
            self.failed = failed

    def end(self) -> None:
        self.join(_PATIENCE)
        if self.is_alive():
            raise Stuck("a request neither ends nor fails")
        if self.failed is not None:
            raise self.failed


class Loom:
    """Weaves requests on one server. What runs beside must use the second application: each has a turn of its own."""

    def __init__(self, server: Server):
        self._server = server

    def weave(self, first: Callable[[], Any], at: int, beside: Callable[[], Any]) -> bool:
        """Run `first` up to its statement number `at`, then `beside`, then the rest; tell whether they overlapped.

        Where `beside` must wait for a lock of `first`, that goes on to the end of its transaction, and with what comes
        after it when `beside` is through: so an end comes whatever is locked, and each time the same one.
        """
        paused, go_on, locked = threading.Event(), threading.Event(), threading.Event()

        def stand_still() -> None:
            paused.set()
            go_on.wait(_PATIENCE)

        def about_to_lock() -> None:
            if standing.writing:
                locked.set()

        def let_pass() -> None:
            if go_on.is_set():
                other.join(_PATIENCE)

        standing = Plan(stand_still, at, over=let_pass)
        one = _Thread(self._server.hooks, standing, first)
        # SQLite has one writer, and says nothing of who waits: so whoever is about to take the lock says it.
        other = _Thread(self._server.hooks, Plan(_nothing, 1 << 30, before_lock=about_to_lock), beside)
        one.start()
        while not paused.wait(_GLANCE) and one.is_alive():
            pass
        overlapped = paused.is_set()
        other.start()
        while other.is_alive() and overlapped and not self._is_blocked(locked):
            other.join(_GLANCE)
        go_on.set()
        one.end()
        other.end()
        return overlapped

    def _is_blocked(self, locked: threading.Event) -> bool:
        if self._server.kind == "sqlite":
            return locked.is_set()
        return bool(self._server.reading().scalar(text(_BLOCKED)))


def _nothing() -> None:
    """Let a transaction pass."""
