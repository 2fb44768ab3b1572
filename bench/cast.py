"""Many people with phones, made straight in the application: over HTTP it would be passwords that are measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask, current_app

from bench.server import hire, migrate
from demo.phone import Phone
from demo.wire import in_process
from server.app import create_app
from server.audit import service as audit
from server.config import Settings
from server.db import db
from server.feed import service as feed
from server.feed.service import Pushed
from server.feed.verify import one_state, verify


@contextmanager
def preparing(settings: Settings) -> Iterator[Flask]:
    """Make the schema, and an application that hashes passwords as cheaply as tests do; all else is as deployed."""
    migrate(settings)
    app = create_app(replace(settings, mode="test"))
    with app.app_context():
        yield app


def equip(app: Flask, count: int, role: str = "officer") -> list[Phone]:
    """Make accounts of one district, each signed in on an enrolled phone of its own."""
    people = hire(app.extensions["settings"], count, role)
    return [Phone(transport=in_process(app.test_client()), person=each).sign_in().enrol() for each in people]


def deliver(phone: Phone, most: int = 1000) -> list[Pushed]:
    """Push a phone's outbox through the service, in far larger parts than HTTP would take. Every op must apply."""
    actor = current_app.extensions["load_actor"](phone.token)
    done = [feed.push(actor, phone.pending[each : each + most]) for each in range(0, len(phone.pending), most)]
    verdicts = {receipt.verdict for pushed in done for receipt in pushed.receipts}
    if verdicts - {"applied"}:
        raise SystemExit(f"the ops that a measurement begins with were not applied: {sorted(verdicts)}")
    phone.pending.clear()
    phone.beacon = done[-1].beacon if done else phone.beacon
    return done


def misfit() -> str | None:
    """Verify the database as an operator would; return the first thing that does not fit."""
    with one_state(db.session()) as session:
        log, found = audit.verify(session), verify(session)
    return str(found.misfit) if found.misfit else log.problem
