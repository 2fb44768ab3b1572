"""Where a transaction is made to fail or to stand still: before one of its statements, or before its commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from server import db


class Crash(BaseException):
    """The server dies here. Not an Exception, so that no code of the server lives to see it."""


class Fault(Exception):
    """A statement fails here, as when the database is away for a moment."""


@dataclass
class Plan:
    """What happens to one thread's transaction: `act` is called once, before statement number `at` or the commit."""

    act: Callable[[], None]
    at: int
    seen: int = 0
    done: bool = False
    # Whether the transaction has SQLite's one write lock where the plan acts.
    writing: bool = False
    # Called before SQLite's one write lock is taken.
    before_lock: Callable[[], None] | None = None
    # Called when a transaction of the thread is over.
    over: Callable[[], None] | None = None

    def reached(self, connection: Connection) -> None:
        if not self.done:
            self.done = True
            self.writing = getattr(connection.connection.dbapi_connection, "in_transaction", False)
            self.act()


@dataclass
class Hooks:
    """Listens to every engine and session of this process; acts only in threads that have a plan."""

    _local: threading.local = field(default_factory=threading.local)
    _patches: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        # The server takes that lock past SQLAlchemy, whose events would tell of it.
        take = db._become_the_writer
        self._patches.enter_context(patch.object(db, "_become_the_writer", partial(self._lock, take)))
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Session, "before_commit", self._commit)
        event.listen(Session, "after_commit", self._over)

    def stop(self) -> None:
        self._patches.close()
        event.remove(Engine, "before_cursor_execute", self._statement)
        event.remove(Session, "before_commit", self._commit)
        event.remove(Session, "after_commit", self._over)

    @contextmanager
    def planned(self, plan: Plan | None) -> Iterator[None]:
        """Let a plan act in this thread; without one, whatever plan it has goes on."""
        outer = getattr(self._local, "plan", None)
        self._local.plan = plan or outer
        try:
            yield
        finally:
            self._local.plan = outer

    def _statement(self, connection: Connection, *_: Any) -> None:
        plan: Plan | None = getattr(self._local, "plan", None)
        if plan is None:
            return
        plan.seen += 1
        if plan.seen > plan.at:
            plan.reached(connection)

    def _lock(self, take: Callable[[Session], None], session: Session) -> None:
        plan: Plan | None = getattr(self._local, "plan", None)
        if plan is not None and plan.before_lock is not None:
            plan.before_lock()
        take(session)

    def _commit(self, session: Session) -> None:
        plan: Plan | None = getattr(self._local, "plan", None)
        if plan is not None and not session.in_nested_transaction():
            plan.reached(session.connection())

    def _over(self, session: Session) -> None:
        plan: Plan | None = getattr(self._local, "plan", None)
        if plan is not None and plan.over is not None and not session.in_nested_transaction():
            plan.over()


def crash(at: int) -> Plan:
    """Let the server die before statement number `at` of the next request, at the latest before its commit."""

    def die() -> None:
        raise Crash()

    return Plan(die, at)


def fault(at: int) -> Plan:
    """Let statement number `at` of the next request fail, or its commit where it has fewer."""

    def fail() -> None:
        raise Fault("injected by the simulation")

    return Plan(fail, at)
