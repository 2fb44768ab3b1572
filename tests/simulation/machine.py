"""The machine that Hypothesis drives: each rule is one step, and after each the promises are checked."""

import contextlib
import random
from datetime import timedelta

from hypothesis import strategies as st

from tests.simulation import acts
from tests.simulation.newer import VERSION
from tests.simulation.people import DISTRICTS, STARS
from tests.simulation.rest import check_replay, come_to_rest
from tests.simulation.situations import MOST_BACKUPS, MOST_REPORTS, Situations
from tests.simulation.steps import (
    A_DESK,
    A_PARTNER,
    A_PHONE,
    AN_OFFICER,
    ANOTHER,
    LUCK,
    MANY,
    SOME,
    STATEMENT,
    beginning,
    step,
)
from tests.simulation.wire import Fate, Problem
from tests.simulation.words import pick

JUMPS = tuple(timedelta(days=days) for days in (0, 2, -2, 3650, -3650))
SPANS = tuple(timedelta(seconds=seconds) for seconds in (1, 600, 1200, 86_400, 15 * 86_400, 31 * 86_400))


class Machine(Situations):
    """What people, phones, the network and the server may do in a step."""

    # People write.

    @beginning(complete=st.booleans(), choice=SOME)
    def the_shift_begins(self, complete: bool, choice: int) -> None:
        """Two officers have each begun a report and named the other; both are on their phones and their desk's."""
        for who, partner in ((0, 1), (2, 0)):
            acts.begin(self._phone(who), complete, choice)
            acts.somewhere(self._phone(who), 0, acts.add, 2, partner)
            acts.somewhere(self._phone(who), 0, acts.note, 0, choice)
        for who in (2, 0, 1, 2, 3, 5):
            self.world.sync(self._phone(who))

    @step(who=AN_OFFICER, complete=st.booleans(), choice=SOME, form=st.integers(1, VERSION))
    def begin(self, who: int, complete: bool, choice: int, form: int) -> None:
        if len(self.world.names()) < MOST_REPORTS:
            self._phone(who).form_version = form
            acts.begin(self._phone(who), complete, choice)

    @step(who=AN_OFFICER, which=SOME, field=MANY, choice=SOME, send=st.booleans(), luck=LUCK)
    def write(self, who: int, which: int, field: int, choice: int, send: bool, luck: list[Fate]) -> None:
        self._act(who, which, acts.write, field, choice)
        if send:
            self._sync(who, luck)

    @step(which=SOME, one=A_PARTNER, other=ANOTHER, field=MANY, choice=SOME)
    def write_apart(self, which: int, one: int, other: int, field: int, choice: int) -> None:
        """Two people write to one field, neither having heard of the other."""
        self._apart(which, acts.write, (one, field, choice), ((one + other) % 4, field, choice + 1))

    # Differences of 4 make it the same sentence, of 36 another one, mostly.
    @step(which=SOME, one=A_PARTNER, other=ANOTHER, choice=MANY, more=st.sampled_from((4, 36, 1, 19, 100)))
    def note_apart(self, which: int, one: int, other: int, choice: int, more: int) -> None:
        """Two people write in one note, neither having heard of the other."""
        self._apart(which, acts.note, (one, 0, choice), ((one + other) % 4, 0, choice + more))

    @step(who=AN_OFFICER, which=SOME, into=SOME, choice=SOME)
    def add(self, who: int, which: int, into: int, choice: int) -> None:
        self._act(who, which, acts.add, into, choice)

    @step(who=A_PARTNER, which=SOME, entity=MANY, choice=SOME)
    def change(self, who: int, which: int, entity: int, choice: int) -> None:
        self._act(who, which, acts.change, entity, choice)

    @step(who=A_PARTNER, which=SOME, entity=MANY)
    def remove(self, who: int, which: int, entity: int) -> None:
        self._act(who, which, acts.remove, entity)

    @step(who=A_PHONE, which=SOME, widen=st.booleans(), choice=SOME)
    def hold(self, who: int, which: int, widen: bool, choice: int) -> None:
        self._act(who, which, acts.hold, widen, choice)

    @step(who=AN_OFFICER, which=SOME, desk=A_DESK, approve=st.booleans(), luck=LUCK)
    def hand_in(self, who: int, which: int, desk: int, approve: bool, luck: list[Fate]) -> None:
        """An officer submits, and the desk reads and decides."""
        self._act(who, which, acts.submit)
        self._sync(who, luck)
        self._sync(desk, [])
        self._act(desk, which, acts.review, approve)

    @step(who=A_DESK, which=SOME, approve=st.booleans())
    def review(self, who: int, which: int, approve: bool) -> None:
        self._act(who, which, acts.review, approve)

    @step(who=A_PHONE, which=SOME, field=SOME, choice=SOME)
    def resolve(self, who: int, which: int, field: int, choice: int) -> None:
        self._act(who, which, acts.resolve, field, choice)

    @step(who=AN_OFFICER, which=SOME, choice=SOME)
    def supplement(self, who: int, which: int, choice: int) -> None:
        self._act(who, which, acts.supplement, choice)

    @step(who=A_PHONE, which=SOME, entry=SOME, how=SOME)
    def decide(self, who: int, which: int, entry: int, how: int) -> None:
        self._act(who, which, acts.decide, entry, how)

    @step(who=A_PHONE, which=SOME, poison=st.integers(0, len(acts.POISONS) - 1))
    def poison(self, who: int, which: int, poison: int) -> None:
        self._act(who, which, acts.poison, poison)

    # Phones and the server meet.

    @step(who=A_PHONE, luck=LUCK)
    def sync(self, who: int, luck: list[Fate]) -> None:
        self._sync(who, luck)

    @step(one=A_PHONE, other=A_PHONE, third=A_PHONE)
    def sync_three(self, one: int, other: int, third: int) -> None:
        for who in (one, other, third):
            self._sync(who, [])

    @step(who=A_PHONE, skip=st.integers(0, 2), size=st.integers(1, 6))
    def post(self, who: int, skip: int, size: int) -> None:
        self.world.post(self._phone(who), skip, size)

    @step(
        flight=SOME,
        at=STATEMENT,
        what=st.sampled_from(("fine", "fine", "fine", "crash", "fault")),
        app=st.integers(0, 1),
    )
    def arrive(self, flight: int, at: int, what: str, app: int) -> None:
        if self.world.flights:
            self.world.arrive(pick(self.world.flights, flight), self._plan(what, at), app)

    @step(flight=SOME, which=SOME)
    def hear(self, flight: int, which: int) -> None:
        if self.world.flights:
            self.world.hear(pick(self.world.flights, flight), which)

    @step(one=A_PARTNER, other=ANOTHER, reader=A_PHONE, which=SOME, at=st.integers(0, 24))
    def meet(self, one: int, other: int, reader: int, which: int, at: int) -> None:
        """Two phones deliver at once, most often for two reports, while a third one follows the feed."""
        other = (one + other) % 4
        if reader in (one, other):
            return
        self._apart(which, acts.say, (one, len(self.world.ledger.saved)))
        self._apart(which + 1, acts.say, (other, len(self.world.ledger.saved)))
        self.world.meet(self._phone(one), self._phone(other), self._phone(reader), at)

    @step(who=A_PHONE, chance=SOME)
    def deliver_again(self, who: int, chance: int) -> None:
        with contextlib.suppress(Problem):
            check_replay(self.world, self._phone(who), random.Random(chance))

    # What befalls phones.

    @step(who=A_PHONE, what=st.sampled_from(("restart", "clock", "session ends", "sign in")), choice=SOME)
    def phone(self, who: int, what: str, choice: int) -> None:
        phone = self._phone(who)
        if what == "restart":
            phone.restart()
            self.world.flights = [flight for flight in self.world.flights if flight.phone is not phone]
        elif what == "clock":
            phone.offset = pick(JUMPS, choice)
        elif what == "session ends":
            phone.token = phone.cookie = None
        else:
            with contextlib.suppress(Problem):
                phone.sign_in()

    @step(who=A_PHONE)
    def back_up_phone(self, who: int) -> None:
        self.world.phone_backups[who] = self._phone(who).disk.copy()

    @step(which=SOME, choice=SOME)
    def put_phone_back(self, which: int, choice: int) -> None:
        """A phone gets the state of its backup, and its person goes on: the device counts ops again that it had."""
        if self.world.phone_backups:
            who = pick(sorted(self.world.phone_backups), which)
            self.world.put_phone_back(who)
            self._act(who, choice, acts.write, 1, choice)

    # What befalls the server.

    @step(span=st.integers(0, len(SPANS) - 1))
    def time_passes(self, span: int) -> None:
        self.world.server.wait(SPANS[span])

    @step()
    def back_up(self) -> None:
        if len(self.world.backups) < MOST_BACKUPS:
            self.world.back_up()

    @step(which=SOME, told=st.booleans())
    def put_back(self, which: int, told: bool) -> None:
        if self.world.backups:
            self.world.put_back(pick(self.world.backups, which), told)

    @step(form=st.booleans(), what=st.sampled_from(("fine", "crash", "fault")), at=STATEMENT)
    def update_server(self, form: bool, what: str, at: int) -> None:
        self.world.release.form_known |= form
        self.world.release.rule_mended |= not form
        self.world.rejudge(self._plan(what, at))

    @step(who=A_PHONE, what=st.sampled_from(("district", "star", "role", "suspend", "reactivate")), choice=SOME)
    def administer(self, who: int, what: str, choice: int) -> None:
        user = self._phone(who).user
        if what in ("suspend", "reactivate"):
            self.world.suspend(user, on=what == "suspend")
            return
        options = {"district": DISTRICTS, "star": STARS, "role": ("officer", "desk")}
        self.world.administer(user, {what: pick(options[what], choice)})

    @step(chance=SOME, sure=st.integers(0, 9))
    def rest(self, chance: int, sure: int) -> None:
        """Now and then everybody comes to rest in the middle of it all."""
        if sure == 0:
            come_to_rest(self.world, chance)
