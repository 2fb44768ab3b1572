"""Rules that bring a whole situation about in one step: single acts would meet it only by luck."""

import contextlib

from hypothesis import strategies as st

from tests.simulation import acts
from tests.simulation.newer import VERSION
from tests.simulation.steps import A_PARTNER, A_PHONE, AN_OFFICER, ANOTHER, LATE_PHONE, SOME, Stepping, step
from tests.simulation.wire import Problem

# Each costs at every look at what is stored, or the time of a copy of the database.
MOST_REPORTS = 6
MOST_BACKUPS = 2


class Situations(Stepping):
    """What is rare, and what the promises are about."""

    @step(who=AN_OFFICER, which=SOME)
    def overtake(self, who: int, which: int) -> None:
        """The later of two changes reaches the server alone, and the earlier one after it."""
        if self._say(who, which) and self._say(who, which):
            self._deliver_newest(who)

    @step(who=AN_OFFICER, choice=SOME)
    def submit_first(self, who: int, choice: int) -> None:
        """The end of a report reaches the server before its beginning."""
        if len(self.world.names()) < MOST_REPORTS:
            acts.begin(self._phone(who), True, choice)
            view = self._phone(who).view(self.world.names()[-1])
            if view is not None and acts.submit(self._phone(who), view):
                self._deliver_newest(who)

    @step(who=AN_OFFICER, choice=SOME)
    def update_phone_first(self, who: int, choice: int) -> None:
        """A phone delivers that was updated before its server."""
        if len(self.world.names()) < MOST_REPORTS:
            self._phone(who).form_version = VERSION
            acts.begin(self._phone(who), True, choice)
            self._sync(who, [])

    @step(who=A_PHONE, which=SOME)
    def choke(self, who: int, which: int) -> None:
        """A phone holds a text that no request to the server can carry, and goes on delivering."""
        self._act(who, which, acts.poison, acts.OVERLARGE)
        self._say(who, which)
        self._sync(who, [])

    @step(which=SOME, one=A_PARTNER, other=ANOTHER)
    def fit_together(self, which: int, one: int, other: int) -> None:
        """Two people who both have a note change its two ends, neither having heard of the other."""
        other = (one + other) % 4
        for who in (one, other, one):
            self._sync(who, [])
        self._apart(which, acts.reword, (one, 0, len(self.world.ledger.saved)), (other, -1, 0))
        for who in (one, other, one):
            self._sync(who, [])

    @step(who=A_PHONE, which=SOME)
    def live_again(self, who: int, which: int) -> None:
        """A phone is put back to before its last words and goes on: it counts again what it had counted."""
        self.world.phone_backups[who] = self._phone(who).disk.copy()
        for _ in range(2):
            self.world.put_phone_back(who)
            self._say(who, which)
            self._sync(who, [])

    @step(who=AN_OFFICER, which=SOME)
    def forget(self, who: int, which: int) -> None:
        """The server is put back to before what a phone was told is safe, and nobody says so."""
        if len(self.world.backups) < MOST_BACKUPS:
            self.world.back_up()
        self._say(who, which)
        self._sync(who, [])
        self.world.put_back(self.world.backups[-1], told=False)

    @step(which=SOME, lost=st.booleans())
    def enrol_late(self, which: int, lost: bool) -> None:
        """A phone is enrolled and writes; then the server may be put back to before that, and the phone goes on."""
        if not self.world.backups:
            self.world.back_up()
        phone = self._phone(LATE_PHONE)
        with contextlib.suppress(Problem):
            phone.sign_in()
        for last in (False, True) if phone.enrolled else ():
            self._sync(LATE_PHONE, [])
            # From here on its own signature lets it deliver.
            phone.token = phone.cookie = None
            self._say(LATE_PHONE, which)
            self._sync(LATE_PHONE, [])
            if lost and not last:
                self.world.put_back(self.world.backups[0], told=False)

    def _say(self, who: int, which: int) -> bool:
        return self._act(who, which, acts.say, len(self.world.ledger.saved))

    def _deliver_newest(self, who: int) -> None:
        phone = self._phone(who)
        self.world.deliver_alone(phone, list(phone.disk.rows.values())[-1])
