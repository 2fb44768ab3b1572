"""What every rule of the machine shares: what it draws, how it counts as a step, and whom it lets act."""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulation import acts, hooks
from tests.simulation.hooks import Plan
from tests.simulation.ledger import Broken
from tests.simulation.reader import Phone
from tests.simulation.rest import come_to_rest
from tests.simulation.wire import FATES, Fate
from tests.simulation.words import pick
from tests.simulation.world import World

A_PHONE = st.integers(0, 7)
AN_OFFICER = st.integers(0, 4)
# Of those who share reports: two officers with two phones each. Another one of them is counted on from the first.
A_PARTNER = st.integers(0, 3)
ANOTHER = st.integers(1, 3)
A_DESK = st.integers(5, 7)
# The one that is enrolled only during the shift.
LATE_PHONE = 8
SOME = st.integers(0, 5)
MANY = st.integers(0, 200)
# A transaction has about thirty statements; beyond them, its commit is meant.
STATEMENT = st.integers(0, 59)
FATE = st.tuples(st.sampled_from((*FATES, *["fine"] * 5)), STATEMENT)
LUCK = st.lists(FATE, max_size=5)


# The name of a rule, and what was drawn for it.
Taken = tuple[str, dict[str, Any]]


def step(**arguments: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a method a rule that counts as a step, and after which the promises are checked."""
    return _marking(rule, arguments, 1)


def beginning(**arguments: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a method what every run begins with. It is no step."""
    return _marking(initialize, arguments, 0)


def _marking(as_rule: Any, arguments: dict[str, Any], counted: int) -> Callable[[Callable[..., None]], Any]:
    def mark(act: Callable[..., None]) -> Any:
        @functools.wraps(act)
        def acted(self: "Stepping", **given: Any) -> None:
            type(self).count += counted
            self.taken.append((act.__name__, given))
            with self.noting():
                act(self, **given)
                self.world.check()

        return as_rule(**arguments)(acted)

    return mark


class Stepping(RuleBasedStateMachine):
    """`world` and `count` are set by whoever runs it.

    `first` is the first broken promise and after how many steps; `fatal` are the steps of the run that failed last.
    """

    world: World
    count = 0
    first: tuple[int, Broken] | None = None
    fatal: Sequence[Taken] = ()

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Taken] = []
        self.world.begin()

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.end()

    def end(self) -> None:
        """Let everything come to rest."""
        with self.noting():
            come_to_rest(self.world, len(self.world.ledger.saved))

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note the first broken promise, after how many steps it was found, and what led to any failure."""
        try:
            yield
        except Exception as failed:
            if isinstance(failed, Broken):
                Stepping.first = Stepping.first or (type(self).count, failed)
            type(self).fatal = self.taken
            raise

    def _phone(self, who: int) -> Phone:
        return self.world.phones[who % len(self.world.phones)]

    def _apart(self, which: int, act: Callable[..., bool], *doing: tuple[int, ...]) -> None:
        """Let people act in one and the same report; each of `doing` is a phone and what else the act needs."""
        names = self.world.names()
        for who, *rest in doing if names else ():
            view = self._phone(who).view(pick(names, which))
            if view is not None:
                act(self._phone(who), view, *rest)

    def _sync(self, who: int, luck: list[Fate]) -> None:
        self.world.network.ahead[:] = luck
        self.world.sync(self._phone(who))
        self.world.network.ahead.clear()

    def _act(self, who: int, which: int, act: Callable[..., bool], *rest: object) -> bool:
        return acts.somewhere(self._phone(who), which, act, *rest)

    def _plan(self, what: str, at: int) -> Plan | None:
        if what == "fault":
            self.world.ledger.faulted = True
        return {"crash": hooks.crash, "fault": hooks.fault}[what](at) if what != "fine" else None
