"""The audit chain: it grows under concurrency, and shows every kind of tampering."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.audit import service
from server.audit.chain import event_hash
from server.audit.models import AuditEvent, AuditHead
from server.db import UnitOfWork, db, unit_of_work
from tests.support.cast import Cast


def _note(count: int = 1) -> None:
    for _ in range(count):
        with unit_of_work(None) as uow:
            uow.audit("test.event", "test", "subject", ids=["a", "b"], n=1, share=0.5, word="Łódź")


@pytest.fixture
def chain(app: Flask) -> Session:
    """A log of seven events in the database of the test."""
    _note(7)
    return db.session()


def test_an_untouched_log_verifies_in_another_session(app: Flask, chain: Session) -> None:
    """P13: what the database gives back hashes to what was written, times and numbers included."""
    db.session.remove()
    found = service.verify(db.session())
    assert (found.ok, found.events) == (True, 7)
    assert found.head == db.session().get(AuditHead, 1).sha256  # type: ignore[union-attr]


def test_an_empty_log_verifies(app: Flask) -> None:
    assert service.verify(db.session()) == service.Verification(0, None)


def test_one_transaction_may_note_several_changes(app: Flask, cast: Cast) -> None:
    before = service.verify(db.session()).events
    with unit_of_work(None) as uow:
        uow.audit("a", "test", "1")
        uow.audit("b", "test", "2")
    assert [event.action for event in service.events(db.session(), before)] == ["a", "b"]
    assert service.verify(db.session()).ok


def test_an_undone_transaction_leaves_no_event_and_no_gap(app: Flask) -> None:
    """P13: the event is in the same transaction as its change."""
    _note()

    def undone(_uow: UnitOfWork) -> None:
        raise RuntimeError("undone")

    finishers = app.extensions["finishers"]
    finishers.append(undone)
    with pytest.raises(RuntimeError, match="undone"):
        _note()
    finishers.remove(undone)
    _note()
    assert [event.n for event in service.events(db.session())] == [1, 2]
    assert service.verify(db.session()).ok


def test_concurrent_transactions_append_one_after_the_other(app: Flask) -> None:
    """P13, under any concurrency: no gap, no fork, nothing lost, from the very first event on."""
    start, failures = threading.Barrier(8), []

    def work() -> None:
        with app.app_context():
            try:
                start.wait()
                _note(10)
            except Exception as failed:
                failures.append(failed)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    found = service.verify(db.session())
    assert (found.ok, found.events) == (True, 80)


def test_verifying_does_not_mistake_an_event_of_this_moment_for_a_forged_one(app: Flask) -> None:
    """Rule: the log is verified while the server works."""
    _note(20)
    stop, wrong = threading.Event(), []

    def write() -> None:
        with app.app_context():
            while not stop.is_set():
                _note()
            db.session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(30):
        found = service.verify(db.session())
        if not found.ok:
            wrong.append(found)
        db.session.rollback()
    stop.set()
    writer.join()
    assert wrong == []


def _change_event(session: Session) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.n == 4).values(actor="somebody else"))


def _change_detail(session: Session) -> None:
    session.execute(update(AuditEvent).where(AuditEvent.n == 4).values(detail={"ids": ["a"]}))


def _drop_event(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.n == 4))


def _drop_event_and_close_the_gap(session: Session) -> None:
    _drop_event(session)
    for n in (5, 6, 7):
        session.execute(update(AuditEvent).where(AuditEvent.n == n).values(n=n - 1))


def _rehash_one(session: Session) -> None:
    event = session.execute(select(AuditEvent).where(AuditEvent.n == 4)).scalar_one()
    fields = {name: getattr(event, name) for name in service._COVERED}
    fields["action"] = "test.other"
    values = {"action": "test.other", "sha256": event_hash(**fields)}
    session.execute(update(AuditEvent).where(AuditEvent.n == 4).values(values))


def _swap(session: Session) -> None:
    for before, after in ((4, -1), (5, 4), (-1, 5)):
        session.execute(update(AuditEvent).where(AuditEvent.n == before).values(n=after))


def _insert_before_the_first(session: Session) -> None:
    first = session.execute(select(AuditEvent).where(AuditEvent.n == 1)).scalar_one()
    fields = {name: getattr(first, name) for name in service._COVERED} | {"n": 0}
    session.add(AuditEvent(**fields, sha256=event_hash(**fields)))


def _cut_the_end(session: Session) -> None:
    session.execute(delete(AuditEvent).where(AuditEvent.n == 7))


def _cut_everything(session: Session) -> None:
    session.execute(delete(AuditEvent))


def _drop_the_head(session: Session) -> None:
    session.execute(delete(AuditHead))


def _append_a_forgery(session: Session) -> None:
    last = session.execute(select(AuditEvent).where(AuditEvent.n == 7)).scalar_one()
    fields = {name: getattr(last, name) for name in service._COVERED} | {"n": 8, "prev": last.sha256}
    session.add(AuditEvent(**fields, sha256=event_hash(**fields)))


def _rewrite_the_end(session: Session) -> None:
    last = session.execute(select(AuditEvent).where(AuditEvent.n == 7)).scalar_one()
    fields = {name: getattr(last, name) for name in service._COVERED} | {"actor": "somebody else"}
    values = {"actor": "somebody else", "sha256": event_hash(**fields)}
    session.execute(update(AuditEvent).where(AuditEvent.n == 7).values(values))


@pytest.mark.parametrize(
    ("tamper", "first_bad"),
    [
        (_change_event, 4),
        (_change_detail, 4),
        (_drop_event, 4),
        (_drop_event_and_close_the_gap, 4),
        (_rehash_one, 5),
        (_swap, 4),
        (_insert_before_the_first, 1),
        (_cut_the_end, 7),
        (_cut_everything, 1),
        (_drop_the_head, 1),
        (_append_a_forgery, 8),
        (_rewrite_the_end, 7),
    ],
)
def test_tampering_shows_at_the_first_event_that_does_not_fit(
    chain: Session, tamper: Callable[[Session], None], first_bad: int
) -> None:
    """P13: a chain that shows tampering, by somebody who can write to the database."""
    tamper(chain)
    chain.commit()
    chain.expire_all()
    found = service.verify(chain)
    assert (found.ok, found.first_bad) == (False, first_bad)
    assert found.problem


def test_a_log_longer_than_a_page_is_verified_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_BATCH", 3)
    _note(7)
    assert service.verify(db.session()).events == 7
    db.session.execute(update(AuditEvent).where(AuditEvent.n == 7).values(subject="other"))
    assert service.verify(db.session()).first_bad == 7
    db.session.rollback()


def test_a_transaction_that_changes_nothing_does_not_touch_the_log(app: Flask) -> None:
    with unit_of_work(None):
        pass
    assert db.session.scalar(select(func.count()).select_from(AuditHead)) == 0
