"""Deliveries that come together share one call; each has its own answer and its own error (P5, P8)."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.feed import gather
from server.feed.errors import TooBusy
from server.feed.gather import Gatherer


class Work:
    """A call that takes a while and remembers what it was given."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.within = 0

    def __call__(self, asked: Sequence[str]) -> list[str]:
        self.within += 1
        assert self.within == 1, "two calls at once"
        self.calls.append(list(asked))
        self.gate.wait(10)
        self.within -= 1
        if "poison" in asked:
            raise RuntimeError("poison")
        return [each.upper() for each in asked]


def _until(true: object) -> None:
    ends = time.monotonic() + 10
    while not true():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.005)


def _ask(gatherer: Gatherer[str, str], work: Work, words: list[str], size: int = 1) -> list[str | Exception]:
    """Ask for `words` while a first call, `first`, is under way; return their answers in order."""

    def one(word: str) -> str | Exception:
        try:
            return gatherer.run(word, size)
        except Exception as failed:
            return failed

    with ThreadPoolExecutor(len(words) + 1) as pool:
        first = pool.submit(one, "first")
        _until(lambda: work.calls)
        rest = []
        for place, word in enumerate(words, start=1):
            rest.append(pool.submit(one, word))
            _until(lambda place=place: len(gatherer._waiting) >= min(place, gatherer._room))
        work.gate.set()
        assert first.result() == "FIRST"
        return [each.result() for each in rest]


def test_what_waits_goes_together_and_each_gets_its_own_answer() -> None:
    work = Work()
    assert _ask(Gatherer(work, most=100, room=10), work, ["a", "b", "c"]) == ["A", "B", "C"]
    assert work.calls == [["first"], ["a", "b", "c"]]


def test_p8_one_that_fails_fails_alone() -> None:
    work = Work()
    one, poison, other = _ask(Gatherer(work, most=100, room=10), work, ["a", "poison", "c"])
    assert (one, other) == ("A", "C")
    assert isinstance(poison, RuntimeError)
    assert work.calls[1:] == [["a", "poison", "c"], ["a"], ["poison"], ["c"]]


def test_a_call_gets_no_more_than_it_may_have_but_never_nothing() -> None:
    work = Work()
    answers = _ask(Gatherer(work, most=10, room=10), work, ["a", "b", "c"], size=5)
    assert (answers, work.calls[1:]) == (["A", "B", "C"], [["a", "b"], ["c"]])
    large = Work()
    large.gate.set()
    assert Gatherer(large, most=10, room=10).run("x", size=1000) == "X"


@pytest.mark.parametrize("away", [OperationalError("COMMIT", {}, Exception()), PoolTimeout()])
def test_p10_where_the_database_is_away_nobody_waits_for_the_others_to_find_out(away: Exception) -> None:
    work = Work()

    def fail(asked: Sequence[str]) -> list[str]:
        answers = work(asked)
        if asked != ["first"]:
            raise away
        return answers

    answers = _ask(Gatherer(fail, most=100, room=10), work, ["a", "b", "c"])
    assert answers == [away] * 3
    assert work.calls == [["first"], ["a", "b", "c"]]


def test_what_ends_one_thread_does_not_end_those_that_waited_with_it() -> None:
    """They are told to come again; and the next delivery finds the turn free."""
    work = Work()

    def fail(asked: Sequence[str]) -> list[str]:
        answers = work(asked)
        if "b" in asked:
            raise SystemExit
        return answers

    gatherer = Gatherer(fail, most=100, room=10)
    ended: list[BaseException] = []

    def one(word: str) -> object:
        try:
            return gatherer.run(word, 1)
        except SystemExit as end:
            ended.append(end)
        except TooBusy as told:
            return told.headers["Retry-After"]
        return None

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(one, "first")
        _until(lambda: work.calls)
        rest = [pool.submit(one, word) for word in ("a", "b", "c")]
        _until(lambda: len(gatherer._waiting) == 3)
        work.gate.set()
        assert first.result() == "FIRST"
        assert sorted(str(each.result()) for each in rest) == ["2", "2", "None"]
    assert len(ended) == 1
    assert gatherer.run("after", 1) == "AFTER"


def test_an_answer_too_few_fails_and_holds_up_nobody() -> None:
    work = Work()

    def forget(asked: Sequence[str]) -> list[str]:
        return [answer for answer in work(asked) if answer != "B"]

    gatherer = Gatherer(forget, most=100, room=10)
    a, b, c = _ask(gatherer, work, ["a", "b", "c"])
    assert (a, c) == ("A", "C")
    assert isinstance(b, ValueError)


def test_too_many_are_told_to_come_again_and_nothing_of_theirs_is_done() -> None:
    work = Work()
    gatherer = Gatherer(work, most=100, room=2)

    def refuse() -> None:
        with pytest.raises(TooBusy) as told:
            gatherer.run("third", 1)
        assert int(told.value.headers["Retry-After"]) > 0

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(gatherer.run, "first", 1)
        _until(lambda: work.calls)
        waiting = [pool.submit(gatherer.run, word, 1) for word in ("a", "b")]
        _until(lambda: len(gatherer._waiting) == 2)
        refuse()
        work.gate.set()
        assert [first.result(), *(each.result() for each in waiting)] == ["FIRST", "A", "B"]
    assert "third" not in [word for call in work.calls for word in call]


def test_one_that_is_being_read_joins_the_call_of_those_that_wait() -> None:
    """It is prepared beside the call that is under way, and nobody's call goes without it."""
    work, read = Work(), threading.Event()
    work.gate.set()

    def prepare(word: str) -> None:
        if word == "slow":
            read.wait(10)

    gatherer = Gatherer(work, most=100, room=10, prepare=prepare)
    with patch.object(gather, "PATIENCE_SECONDS", 10), ThreadPoolExecutor(2) as pool:
        slow = pool.submit(gatherer.run, "slow", 1)
        _until(lambda: gatherer._coming)
        quick = pool.submit(gatherer.run, "quick", 1)
        _until(lambda: gatherer._waiting)
        read.set()
        assert (slow.result(), quick.result()) == ("SLOW", "QUICK")
    assert [sorted(call) for call in work.calls] == [["quick", "slow"]]


def test_what_cannot_be_prepared_is_refused_alone_and_no_call_waits_for_it() -> None:
    work = Work()
    work.gate.set()

    def prepare(word: str) -> None:
        if word == "torn":
            raise ValueError(word)

    gatherer = Gatherer(work, most=100, room=1, prepare=prepare)
    for _ in range(3):
        with pytest.raises(ValueError, match="torn"):
            gatherer.run("torn", 1)
    assert gatherer.run("whole", 1) == "WHOLE"
    assert work.calls == [["whole"]]


def test_where_one_alone_ends_its_thread_those_behind_it_are_told_and_later_ones_served() -> None:
    calls: list[list[str]] = []

    def work(asked: Sequence[str]) -> list[str]:
        calls.append(list(asked))
        if "ends" in asked:
            raise SystemExit if len(asked) == 1 else RuntimeError("together")
        return [each.upper() for each in asked]

    gatherer = Gatherer(work, most=100, room=10)
    gatherer._before = 2
    with patch.object(gather, "PATIENCE_SECONDS", 10), ThreadPoolExecutor(2) as pool:
        ends = pool.submit(gatherer.run, "ends", 1)
        _until(lambda: gatherer._waiting)
        behind = pool.submit(gatherer.run, "behind", 1)
        assert isinstance(ends.exception(10), SystemExit)
        assert isinstance(behind.exception(10), TooBusy)
    gatherer._before = 1
    assert gatherer.run("later", 1) == "LATER"
    assert calls == [["ends", "behind"], ["ends"], ["later"]]
