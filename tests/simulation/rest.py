"""Coming to rest: everything is mended, every phone is heard, and then everything must be there and in its place."""

import random

from tests.simulation import promises, reasons, replay
from tests.simulation.delivery import read_push
from tests.simulation.ledger import Broken, holds
from tests.simulation.reader import Phone
from tests.simulation.world import World

_ROUNDS = 8


def come_to_rest(world: World, chance: int) -> None:
    """Mend everything, let every phone deliver and follow, and check what must then be true. Raises Broken."""
    world.network.ahead.clear()
    world.flights.clear()
    for user, account in world.look().accounts.items():
        if not account.active:
            world.suspend(user, on=False)
    world.release.form_known = world.release.rule_mended = True
    world.rejudge()
    _deliver(world)
    if world.unaware:
        # Nobody came who had seen more than is stored: then the operator's word is needed.
        world.tell()
    # Now those hear of a new epoch who came before the one that showed it.
    _deliver(world)
    # What one phone delivered after another one had followed is still to be followed.
    for phone in world.phones:
        holds("P4", not world.sync(phone) and phone.followed, f"a phone at rest cannot follow: {phone.trouble!r}")
    _check(world, random.Random(chance))


def _deliver(world: World) -> None:
    """Let every phone go through cycles until it has nothing more to say."""
    for phone in world.phones:
        phone.restart()
        for _ in range(_ROUNDS):
            again = world.sync(phone)
            if not phone.cookie or phone.device not in world.look().devices:
                # Whose phone is refused, or does not know the server yet, signs in at last.
                phone.sign_in()
            elif phone.followed and not again:
                break
        else:
            raise Broken("P8", f"a phone does not come to rest: {phone.trouble!r}")


def _check(world: World, chance: random.Random) -> None:
    ledger, stored = world.ledger, world.look()
    world.check()
    for phone in world.phones:
        for row in phone.disk.rows.values():
            waits = row.state in ("pending", "stuck")
            unsendable = ledger.saved[row.sha256].unsendable
            holds("P8", waits == unsendable, f"{row.id} is at rest as {row.state} ({row.reason})")
        promises.p4_replica(phone, stored)
    for sha, saved in ledger.saved.items():
        there = sha in stored.rows or sha in ledger.destroyed or saved.unsendable
        holds("P12", there, f"{saved.kind} {saved.id} was saved, and the server did not get it back")
    reasons.check(ledger, stored, form_known=True)
    reasons.check_at_rest(ledger, stored)
    for report, copy in stored.copies.items():
        provisional = copy["snapshot"].get("provisional")
        began = next(saved for saved in ledger.saved.values() if saved.report == report)
        # Whoever began it may have become somebody who may not.
        row = stored.rows.get(began.sha256)
        gone = row is None or (row.reason == "not_allowed" and began.actor in ledger.moved)
        holds("P12", gone or not provisional, f"the author of report {report} was heard and is not shown")
        replay.check(stored, report, chance)
    for phone in world.phones:
        check_replay(world, phone, chance)
    world.verify()
    world.count()


def check_replay(world: World, phone: Phone, chance: random.Random) -> None:
    """Deliver again what is stored: it has no effect, and the receipts are those that stand (P5)."""
    before = world.look()
    rows = [row for row in phone.disk.rows.values() if row.sha256 in before.rows]
    chance.shuffle(rows)
    # As many as one request to this server holds.
    rows = rows[:12]
    if not rows:
        return
    body = {"ops": [row.jws for row in rows], "unsent": 0}
    answer = read_push(phone.call("POST", "/api/push", body, reading=False))
    after = world.look()
    holds("P5", after.copies == before.copies, "a delivery of what was stored before changed what readers see")
    holds("P5", after.rows == before.rows, "a delivery of what was stored before changed what is stored")
    for row, receipt in zip(rows, answer["receipts"], strict=True):
        stored = before.rows[row.sha256]
        told = (receipt["sha256"], receipt["seq"], receipt["verdict"], receipt["reason"])
        holds("P5", told == (stored.sha256, stored.seq, stored.verdict, stored.reason), f"{row.id} got another receipt")
