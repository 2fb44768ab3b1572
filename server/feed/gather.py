"""Deliveries that come at the same time share one transaction.

A commit waits for the disk, and commits follow one another by the feed counter; so what arrives while one is under way
goes together into the next. Each delivery still has its own receipts, its own signed statement and its own error.

Those whose answers have just gone out are likely to come again at once, and some are being read already. So a call
waits a moment for these, and until it is as large as the one before: without that, a straggler and the others take
turns for ever, each in calls too small.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.feed.errors import TooBusy

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass
class _Ticket(Generic[Asked, Answer]):
    asked: Asked
    size: int
    answer: Answer | None = None
    failure: Exception | None = None
    done: bool = False

    def settle(self) -> Answer:
        if self.failure is not None:
            raise self.failure
        assert self.answer is not None  # noqa: S101 - done without a failure
        return self.answer


# Enough for the answers of one call to go out and for the next requests to come, and nothing that a phone would notice.
PATIENCE_SECONDS = 0.012


class Gatherer(Generic[Asked, Answer]):
    """Runs `work` on what waits, one call at a time; `most` bounds the sizes of one call, `room` how many wait.

    `prepare` does what can be done with one of them before its turn, beside the call that is under way.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answer]],
        most: int,
        room: int,
        prepare: Callable[[Asked], object] = lambda asked: None,
    ):
        self._work = work
        self._prepare = prepare
        self._most = most
        self._room = room
        self._waiting: list[_Ticket[Asked, Answer]] = []
        self._before = 1
        self._coming = 0
        self._guard = threading.Condition()
        self._turn = threading.Lock()

    def run(self, asked: Asked, size: int) -> Answer:
        """Return the answer to `asked`. Raises what the work raised on it alone, and TooBusy where too many wait."""
        ticket: _Ticket[Asked, Answer] = _Ticket(asked, size)
        with self._guard:
            if len(self._waiting) + self._coming >= self._room:
                raise TooBusy(headers={"Retry-After": "2"})
            self._coming += 1
        prepared = False
        try:
            self._prepare(asked)
            prepared = True
        finally:
            with self._guard:
                self._coming -= 1
                self._waiting += [ticket] if prepared else []
                self._guard.notify()
        with self._turn:
            while not ticket.done:
                self._run_together(self._next())
        return ticket.settle()

    def _next(self) -> list[_Ticket[Asked, Answer]]:
        """Take those that wait the longest, as many as one call may have, and at least one."""
        with self._guard:
            self._guard.wait_for(self._is_gathered, PATIENCE_SECONDS)
            taken, total = 0, 0
            for each in self._waiting:
                total += each.size
                if taken and total > self._most:
                    break
                taken += 1
            together, self._waiting = self._waiting[:taken], self._waiting[taken:]
            self._before = taken
            return together

    def _is_gathered(self) -> bool:
        return not self._coming and len(self._waiting) >= self._before

    def _run_together(self, tickets: list[_Ticket[Asked, Answer]]) -> None:
        try:
            answers = list(zip(tickets, self._work([each.asked for each in tickets]), strict=True))
        except Exception as failed:
            if len(tickets) > 1 and not isinstance(failed, _DATABASE_IS_AWAY):
                # One of them spoils it for the others: each alone, so that only that one fails (P8). Where the
                # database itself is away, that would only make everybody wait in a row.
                self._run_each(tickets)
                return
            _fail(tickets, failed)
            return
        except BaseException:
            # The process or this thread is being ended; what ends it is no business of the others.
            _fail(tickets, TooBusy(headers={"Retry-After": "2"}))
            raise
        for each, answer in answers:
            each.answer, each.done = answer, True

    def _run_each(self, tickets: list[_Ticket[Asked, Answer]]) -> None:
        try:
            for each in tickets:
                self._run_together([each])
        finally:
            # Where one of them ended this thread, nobody else would serve those behind it.
            _fail([each for each in tickets if not each.done], TooBusy(headers={"Retry-After": "2"}))


_DATABASE_IS_AWAY = (OperationalError, PoolTimeout)


def _fail(tickets: Sequence[_Ticket[Any, Any]], failure: Exception) -> None:
    for each in tickets:
        each.failure, each.done = failure, True
