"""What the tests of holds do all the time: ask for one, let the workers run, look at both ends."""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from server import outbox
from server.db import db, unit_of_work
from server.holds import service
from server.holds.models import Hold, HoldEvent
from server.outbox.models import OutboxRow
from tests.support.custodians import StandIn
from tests.unit.holds.builders import hold_op

FIELDS = {
    "kind": "bwc",
    "wearer_star": "12345",
    "from": "2026-02-03T15:05:00-06:00",
    "to": "2026-02-03T15:40:00-06:00",
    "basis": "officer_request",
    "why": "Force was used.",
}


@dataclass
class Tracker:
    """Both ends of a hold: ours in the database, and what the custodian really has."""

    app: Flask
    stand_in: StandIn

    def ask(self, intent: str | None = None, report: str | None = None, **changes: Any) -> str:
        """Store a hold as a push does. Returns its intent."""
        intent = intent or str(uuid.uuid4())
        op = hold_op({**FIELDS, **changes}, entity=intent, id=str(uuid.uuid4()), report=report or str(uuid.uuid4()))
        with unit_of_work(None) as uow:
            assert service.on_op_stored(uow, op) is None
        return intent

    def hold(self, intent: str) -> Hold:
        db.session.rollback()
        statement = select(Hold).where(Hold.intent == intent).execution_options(populate_existing=True)
        return db.session.scalars(statement).one()

    def state(self, intent: str) -> str:
        return self.hold(intent).state

    def causes(self, intent: str) -> list[str]:
        """Return the steps of a hold, oldest first."""
        statement = select(HoldEvent.cause).where(HoldEvent.hold_id == self.hold(intent).id).order_by(HoldEvent.id)
        return list(db.session.scalars(statement))

    def hurry(self) -> None:
        """Let the time of every wait and every lease pass; what waited longest stays first."""
        with unit_of_work(None) as uow:
            past = uow.now - timedelta(minutes=10)
            waiting = update(OutboxRow).where(OutboxRow.done_at.is_(None))
            uow.session.execute(waiting.where(OutboxRow.available_at > past).values(available_at=past))
            uow.session.execute(waiting.where(OutboxRow.claimed_until.is_not(None)).values(claimed_until=past))

    def step(self) -> None:
        """Let a worker do the one thing that is due longest."""
        self.hurry()
        outbox.sweep(self.app, limit=1)

    def rounds(self, count: int = 1) -> None:
        """Let a worker do everything that is due, and what follows from it, so many times."""
        for _ in range(count):
            self.hurry()
            outbox.sweep(self.app, limit=10)

    def until(self, intent: str, state: str, steps: int = 60) -> None:
        """Work until a hold is in a state; fails when it does not get there."""
        for _ in range(steps):
            if self.state(intent) == state:
                return
            self.step()
        assert self.state(intent) == state, self.causes(intent)

    def wait(self, intent: str, state: str, seconds: float = 60.0) -> None:
        """Wait for another process to bring a hold into a state."""
        until = time.monotonic() + seconds
        while self.state(intent) != state:
            assert time.monotonic() < until, self.causes(intent)
            time.sleep(0.05)

    def at_custodian(self, intent: str) -> list[dict[str, Any]]:
        """Return every hold that the custodian has for an intent: more than one is a broken promise."""
        return [each for each in self.stand_in.holds() if each["intent"] == intent]

    def jobs(self) -> list[tuple[str, bool, str | None]]:
        """Return (topic, done, error) of every job."""
        db.session.rollback()
        rows = db.session.execute(
            select(OutboxRow.topic, OutboxRow.done_at, OutboxRow.last_error).order_by(OutboxRow.id)
        )
        return [(row.topic, row.done_at is not None, row.last_error) for row in rows]
