"""The outbox: a job is part of the change that wants it, one worker has it at a time, and none is ever lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from server import outbox
from server.db import db, unit_of_work
from server.outbox import runner
from server.outbox.claims import LEASE, claim
from server.outbox.models import OutboxRow

TOPIC = "test.topic"


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_handlers", {TOPIC: _finish})


def _finish(job: outbox.Job) -> None:
    with unit_of_work(None) as uow:
        outbox.finish(uow, job)


def _enqueue(*keys: str, topic: str = TOPIC) -> None:
    with unit_of_work(None) as uow:
        for key in keys:
            uow.enqueue(topic, key, {"id": key})


def _row(key: str) -> OutboxRow:
    db.session.rollback()
    statement = select(OutboxRow).where(OutboxRow.key == key).execution_options(populate_existing=True)
    return db.session.scalars(statement).one()


def _let_the_lease_run_out(key: str) -> None:
    with unit_of_work(None) as uow:
        past = datetime.now(UTC) - timedelta(seconds=1)
        uow.session.execute(update(OutboxRow).where(OutboxRow.key == key).values(claimed_until=past))


def test_a_job_exists_only_if_its_change_does(app: Flask) -> None:
    def change() -> None:
        with unit_of_work(None) as uow:
            uow.enqueue(TOPIC, "a", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert outbox.sweep(app) == 0


def test_a_key_is_used_once(app: Flask) -> None:
    """P5: the same job asked for again, pending or done, is the same job."""
    _enqueue("a", "a")
    _enqueue("a")
    assert outbox.sweep(app) == 1
    _enqueue("a")
    assert outbox.sweep(app) == 0


def test_two_workers_never_have_one_row(app: Flask) -> None:
    _enqueue(*[str(number) for number in range(24)])

    def take() -> list[int]:
        taken = []
        for _ in range(30):
            with app.app_context():
                job = claim()
            taken += [job.id] if job else []
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in [pool.submit(take) for _ in range(4)] for each in found.result()]
    assert len(taken) == len(set(taken)) == 24


def test_a_claimed_row_is_left_alone_until_its_lease_ends(app: Flask) -> None:
    _enqueue("a")
    first = claim()
    assert first is not None
    assert claim() is None
    assert claim(first.id) is None
    _let_the_lease_run_out("a")
    second = claim()
    assert second is not None
    assert (second.id, second.fence, second.attempts) == (first.id, first.fence + 1, 2)


def test_who_lost_the_lease_can_settle_nothing(app: Flask) -> None:
    """A worker that was only slow must not undo what its successor did: the fence has moved on."""
    _enqueue("a")
    slow = claim()
    _let_the_lease_run_out("a")
    quick = claim()
    assert slow is not None
    assert quick is not None
    for settle in (outbox.finish, outbox.confirm, lambda uow, job: outbox.put_off(uow, job, uow.now)):
        with pytest.raises(outbox.LeaseLost), unit_of_work(None) as uow:
            settle(uow, slow)
    with unit_of_work(None) as uow:
        outbox.finish(uow, quick)
    assert _row("a").done_at is not None


def test_a_lost_lease_rolls_back_what_was_found_out(app: Flask) -> None:
    _enqueue("a")
    slow = claim()
    _let_the_lease_run_out("a")
    claim()

    def find_out(job: outbox.Job) -> None:
        with unit_of_work(None) as uow:
            uow.enqueue(TOPIC, "consequence", {})
            outbox.finish(uow, job)

    assert slow is not None
    with pytest.raises(outbox.LeaseLost):
        find_out(slow)
    assert db.session.scalars(select(OutboxRow.key)).all() == ["a"]


def test_a_confirmed_lease_starts_anew(app: Flask) -> None:
    _enqueue("a")
    job = claim()
    assert job is not None
    _let_the_lease_run_out("a")
    with unit_of_work(None) as uow:
        outbox.confirm(uow, job)
        expected = uow.now + LEASE
    assert _row("a").claimed_until == expected
    assert claim() is None


def test_a_poisoned_job_blocks_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """P8: it is kept with its code and tried again later; what stands behind it runs."""
    done: list[str] = []

    def handler(job: outbox.Job) -> None:
        if job.key == "bad":
            raise ZeroDivisionError("private words")
        done.append(job.key)
        _finish(job)

    monkeypatch.setitem(runner._handlers, TOPIC, handler)
    _enqueue("bad", "good")
    outbox.sweep(app, limit=2)
    assert done == ["good"]
    row = _row("bad")
    assert (row.done_at, row.last_error, row.claimed_until) == (None, "ZeroDivisionError", None)


def test_a_job_of_a_topic_without_a_handler_is_kept(app: Flask) -> None:
    """After a step back to an older version, newer jobs must wait for the next one instead of vanishing."""
    _enqueue("a", topic="from.the.future")
    outbox.sweep(app, limit=1)
    assert (_row("a").done_at, _row("a").last_error) == (None, "unknown_topic")


def test_a_job_that_is_put_off_is_not_due_before(app: Flask) -> None:
    _enqueue("a")
    job = claim()
    assert job is not None
    with unit_of_work(None) as uow:
        outbox.put_off(uow, job, uow.now + timedelta(hours=1), "later")
    assert outbox.sweep(app) == 0
    assert _row("a").last_error == "later"


def test_run_one_runs_a_row_once(app: Flask) -> None:
    _enqueue("a")
    row = _row("a").id
    assert [outbox.run_one(row), outbox.run_one(row)] == [True, False]
