"""Taking deliveries in, inside one transaction: what is new is judged report by report, and all of it is stored.

Nothing that judging says keeps an op from being stored; the finisher writes each once, with what was made of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask import current_app

from server.db import UnitOfWork
from server.feed import contacts, interpret, store
from server.feed.signing import Envelope
from server.feed.store import Outcome, Statement
from server.feed.work import Arrival, Context
from server.security import Actor
from sync.verdicts import Receipt, Verdict


@dataclass(frozen=True)
class Delivery:
    """What one push brought, as far as it can be believed, and what stays behind."""

    actor: Actor
    envelopes: Sequence[Envelope]
    unsent: int | None

    def unsent_of(self) -> dict[str, int]:
        """Return {device: how many ops it still holds}; only where the delivery tells whose they are."""
        devices = {each.op.device for each in self.envelopes if each.op}
        return {devices.pop(): self.unsent} if self.unsent is not None and len(devices) == 1 else {}


def take_in(uow: UnitOfWork, deliveries: Sequence[Delivery], revoked: Collection[str]) -> dict[str, Receipt]:
    """Store and judge what is new; return the receipts of what was stored before, by hash.

    Ops of `revoked` devices are kept and not applied. Leaves one statement a delivery, in their order, for the
    finisher to sign.
    """
    left = store.pending(uow)
    envelopes = list({each.sha256: each for delivery in deliveries for each in delivery.envelopes}.values())
    ops = [each.op for each in envelopes if each.op]
    store.lock(uow.session, {each.report for each in ops} | {each.device for each in ops})
    fresh, stored = _sort_out(uow, envelopes)
    for each in fresh:
        if each.op is None:
            _keep_unread(uow, each)
    received = uow.now.isoformat()
    arrivals = [
        Arrival(each.op, each.sha256, received, "revoked_device" if each.op.device in revoked else None)
        for each in fresh
        if each.op
    ]
    if arrivals:
        unsent = {device: held for each in deliveries for device, held in each.unsent_of().items()}
        contacts.count(uow, [each.op for each in arrivals], unsent)
    interpret.interpret(context(uow, {each.op.actor for each in arrivals}), arrivals)
    _share_out(uow, deliveries, left.outcomes)
    return stored


def context(uow: UnitOfWork, actors: set[str]) -> Context:
    found = current_app.extensions
    load = found["actors"]
    return Context(uow, dict(load(uow.session, actors)), load, found["consequences"], found["users_by_star"])


def _sort_out(uow: UnitOfWork, envelopes: list[Envelope]) -> tuple[list[Envelope], dict[str, Receipt]]:
    """Return what is new, and by hash the receipts of what was stored before. Other bytes are kept aside, flagged."""
    stored = store.stored_receipts(uow.session, {each.id for each in envelopes})
    arrived = store.pending(uow).arrived
    others = []
    for each in envelopes:
        first = arrived.setdefault(each.id, each) if each.id not in stored else stored[each.id]
        if each.sha256 != first.sha256:
            others.append(each)
    known = {each.sha256: each for each in stored.values()}
    return list(arrived.values()), {**known, **_keep_clashes(uow, others)}


def _keep_clashes(uow: UnitOfWork, envelopes: list[Envelope]) -> dict[str, Receipt]:
    """Keep other bytes under known ids; return the receipts of those that were kept before (P5)."""
    known = store.clash_receipts(uow.session, [each.sha256 for each in envelopes]) if envelopes else {}
    for each in envelopes:
        if each.sha256 in known:
            continue
        store.insert_clash(uow, each)
        store.pending(uow).outcomes.append(store.clash(each.id, each.sha256, each.report))
        if each.report:
            uow.publish(each.report)
    return known


def _keep_unread(uow: UnitOfWork, envelope: Envelope) -> None:
    store.pending(uow).outcomes.append(
        Outcome(envelope.id, envelope.sha256, envelope.report, Verdict.QUARANTINED, envelope.reason)
    )
    if envelope.report:
        uow.publish(envelope.report)


def _share_out(uow: UnitOfWork, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
    """Put each outcome into the statement of the delivery that brought it, or on whose ops it had waited."""
    brought: dict[str, int] = {}
    reports: dict[str | None, int] = {}
    for place, delivery in enumerate(deliveries):
        for each in delivery.envelopes:
            brought.setdefault(each.sha256, place)
            reports.setdefault(each.report, place)
    statements = [Statement() for _ in deliveries]
    for outcome in outcomes:
        place = brought.get(outcome.sha256, reports.get(outcome.report, 0))
        statements[place].outcomes.append(outcome)
    store.pending(uow).statements = statements
    for delivery, statement in zip(deliveries, statements, strict=True):
        if statement.outcomes:
            ids = sorted(each.id for each in statement.outcomes)
            uow.audit_for(delivery.actor, "report.push", "device", delivery.actor.device or delivery.actor.id, ops=ids)
