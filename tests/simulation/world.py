"""Everything that takes part in one run: server, network, phones, and the ledger beside them."""

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from demo.wire import Answer
from server.accounts import service as accounts
from server.audit import service as audit
from server.db import db
from server.feed import service as feed
from server.feed.verify import one_state
from server.feed.verify import verify as verify_feed
from server.problems import Problem as Refusal
from tests.simulation import promises
from tests.simulation.database import Stored, look
from tests.simulation.delivery import read_push
from tests.simulation.disk import Disk, Row
from tests.simulation.hooks import Crash, Plan
from tests.simulation.ledger import Ledger, holds
from tests.simulation.newer import Release
from tests.simulation.reader import Phone
from tests.simulation.server import Request, Server
from tests.simulation.weave import Loom
from tests.simulation.wire import Network, Offline, Problem, checked
from tests.simulation.words import Ids


@dataclass
class Flight:
    """A delivery that is on its way by itself: it may arrive late, again, or after what was sent later."""

    phone: Phone
    batch: list[Row]
    request: Request
    answers: list[Answer] = field(default_factory=list)


class World:
    """One server for many runs; `begin` makes everything else anew."""

    def __init__(self, server: Server, release: Release):
        self.server = server
        self.release = release
        self.loom = Loom(server)
        # How often what happened, over all runs: a simulation that meets nothing proves nothing.
        self.seen: Counter[str] = Counter()

    def begin(self) -> None:
        self.server.begin()
        self.release.reset()
        self.ledger = Ledger()
        self.network = Network(self.server)
        self.stored = Stored()
        self.flights: list[Flight] = []
        self.backups: list[str] = []
        self.phone_backups: dict[int, Disk] = {}
        self.made = 0
        # Restored, and no new epoch yet: what the server forgot is not asked for.
        self.unaware = False
        ids = Ids()
        self.phones = [self._phone(identity, ids) for identity in self.server.identities]
        self.look()

    def _phone(self, identity: object, ids: Ids) -> Phone:
        phone = Phone(identity, ids, self.ledger.note)  # type: ignore[arg-type]
        phone.network, phone.acknowledged = self.network, self._heard
        phone.seen = self.seen
        phone.token, phone.cookie = phone.identity.token, phone.identity.cookie
        phone.enrolled = bool(phone.cookie)
        return phone

    def _heard(self, row: Row, receipt: dict[str, Any]) -> None:
        self.ledger.note_receipt(row, receipt)
        if receipt["reason"]:
            self.seen[receipt["reason"]] += 1

    # Looking and checking.

    def look(self) -> Stored:
        """Read the database again where somebody may have written to it."""
        self.ledger.faulted = self.ledger.faulted or self.network.faulted
        if self.server.touched:
            epoch = self.stored.epoch
            self.stored = look(self.server, self.stored)
            self.server.touched = False
            self.unaware = self.unaware and self.stored.epoch == epoch
            for copy in self.stored.copies.values():
                if copy["snapshot"]["state"] == "approved":
                    self.ledger.approved.add(copy["report"])
        return self.stored

    def check(self) -> None:
        """Check what must hold after every step. Raises Broken."""
        promises.check(self.ledger, self.look(), self.phones)

    def check_replica(self, phone: Phone) -> None:
        """Check a reader that has just followed the feed to its end."""
        if not phone.disk.missing:
            promises.p4_replica(phone, self.look())

    def names(self) -> list[str]:
        """Return every report that anybody began, in that order."""
        return list(dict.fromkeys(each.report for each in self.ledger.saved.values() if each.report))

    def count(self) -> None:
        """Count what a run that comes to rest has met."""
        for row in self.look().rows.values():
            self.seen.update(["ops", row.verdict or ""])
        self.seen["n_reused"] += len(self.stored.flags)
        self.seen["holds"] += len(self.stored.holds)
        self.seen["forgotten"] += self.ledger.restored

    # Deliveries that travel by themselves.

    def post(self, phone: Phone, skip: int, size: int) -> None:
        """Let one of a phone's two tabs send some of what waits, without awaiting the answer."""
        batch = list(phone.waiting())[skip : skip + size]
        if not batch or sum(flight.phone is phone for flight in self.flights) >= 2:
            return
        token = phone.token or phone.upload_token
        self.flights.append(Flight(phone, batch, phone.request("POST", "/api/push", phone.body(batch), token)))

    def deliver_alone(self, phone: Phone, row: Row) -> None:
        """Let one op be delivered and heard of, whatever waits before it."""
        with contextlib.suppress(Offline, Problem):
            answer = phone.call("POST", "/api/push", phone.body([row]), reading=False)
            phone.settle([row], read_push(answer))

    def arrive(self, flight: Flight, plan: Plan | None, app: int) -> None:
        """Let a delivery reach the server, perhaps once more."""
        try:
            flight.answers.append(self.server.handle(flight.request, plan, app))
        except Crash:
            return

    def hear(self, flight: Flight, which: int) -> None:
        """Let the phone hear one of the answers; the other ones are lost."""
        self.flights.remove(flight)
        if not flight.answers:
            return
        try:
            flight.phone.settle(flight.batch, read_push(checked(flight.answers[which % len(flight.answers)])))
        except Problem as refused:
            if refused.status == 401:
                flight.phone.token = flight.phone.upload_token = None

    def meet(self, one: Phone, other: Phone, reader: Phone, at: int) -> None:
        """Let one phone's delivery stand still at a statement while another delivers and a third follows the feed."""
        other.app = reader.app = 1

        def beside() -> None:
            with contextlib.suppress(Problem):
                other.push()
            reader.sync()

        def deliver() -> None:
            with contextlib.suppress(Problem):
                one.push()

        try:
            self.seen["overlapped"] += self.loom.weave(deliver, at, beside)
        finally:
            other.app = reader.app = 0
        self.sync(reader)

    # Catastrophes.

    def back_up(self) -> None:
        self.made += 1
        self.backups.append(f"backup{self.made}")
        self.server.keep(self.backups[-1])

    def put_back(self, label: str, told: bool) -> None:
        """Restore the server. Every connection breaks, so what it had answered is heard before or never."""
        before = set(self.look().rows)
        self.server.put_back(label)
        self.network.old.clear()
        for flight in self.flights:
            flight.answers.clear()
        after = set(self.look().rows)
        self.ledger.server_restored(before, after, [phone.disk for phone in self.phones])
        self.seen["restored"] += 1
        self.unaware = True
        if told:
            self.tell()

    def tell(self) -> None:
        """Say as the operator that the database was restored."""
        self.server.run(lambda uow: feed.begin_epoch(uow, "told by the operator"))
        self.unaware = False

    def put_phone_back(self, place: int) -> None:
        """Give a phone the state that it had at its backup. What it saved since is gone unless the server has it."""
        phone, disk = self.phones[place], self.phone_backups[place].copy()
        self.ledger.phone_lost(phone.disk, disk, set(self.look().rows))
        phone.disk = disk
        phone.restart()
        self.flights = [flight for flight in self.flights if flight.phone is not phone]

    def prune(self, phone: Phone) -> None:
        before = phone.disk.copy()
        phone.prune()
        self.ledger.phone_lost(before, phone.disk, set(self.look().rows))

    # What operators do.

    def rejudge(self, plan: Plan | None = None) -> None:
        try:
            with self.server.inside(plan):
                feed.rejudge()
        except (Crash, Exception) as failed:
            if plan is None:
                raise
            self.ledger.faulted = self.ledger.faulted or isinstance(failed, Exception)

    def administer(self, user: str, changes: dict[str, object]) -> None:
        """Change an account, as an admin does; an account that cannot be so stays as it was."""
        self.ledger.moved.add(user)
        with contextlib.suppress(Refusal):
            self.server.run(lambda uow: accounts.update_user(uow, user, changes), actor=self.server.admin)

    def suspend(self, user: str, on: bool) -> None:
        self.ledger.moved.add(user)
        act = accounts.suspend if on else accounts.reactivate
        self.server.run(lambda uow: act(uow, user), actor=self.server.admin)

    def verify(self) -> None:
        """Check the audit chain and the log of receipts, as `holdfast verify` does."""
        with self.server.inside():
            chain = audit.verify(db.session())
            with one_state(db.session()) as session:
                found = verify_feed(session)
        holds("P13", chain.ok, f"the audit chain: {chain.problem}")
        holds("verify", found.ok, f"holdfast verify: {found}")

    def sync(self, phone: Phone) -> bool:
        """Run one cycle of a phone, and check its copies where it came to the end of the feed."""
        cursor = phone.disk.cursor
        again = phone.sync()
        self.seen["reset"] += again and phone.followed and cursor is not None
        if phone.followed:
            self.check_replica(phone)
        self.prune(phone)
        return again
