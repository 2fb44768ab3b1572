"""The server under test: the real application, twice, on a real database that can be kept and put back."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import time_machine
from flask import Flask
from sqlalchemy import Connection, Engine, NullPool, create_engine

from demo.phone import Phone
from demo.wire import Answer, Refused
from server.accounts import service as accounts
from server.app import create_app
from server.config import Settings
from server.db import UnitOfWork, db, unit_of_work
from server.devices import policy
from tests.simulation.chance import Chance, key, write_server_key
from tests.simulation.hooks import Fault, Hooks, Plan
from tests.simulation.people import LATE_FOR, Identity, member, roster
from tests.support.cast import Member
from tests.support.databases import Database, Maker, PostgresMaker, settings_for
from tools.services import Postgres

START = datetime(2026, 11, 23, 21, tzinfo=UTC)
BEGINNING = "beginning"
# Small, so that a batch can be too large for a request.
MAX_BODY = 24 * 1024
T = TypeVar("T")


class Shelf:
    """Copies of one SQLite database, by label. Nobody may be connected while one is made or put back."""

    def __init__(self, live: Path):
        self._live = live
        self._labels: set[str] = set()

    def keep(self, label: str) -> None:
        self._labels.add(label)
        shutil.copyfile(self._live, self._path(label))

    def put_back(self, label: str) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self._live}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._path(label), self._live)

    def clear(self) -> None:
        """Drop every copy but that of the beginning."""
        for label in self._labels - {BEGINNING}:
            self._path(label).unlink(missing_ok=True)
        self._labels &= {BEGINNING}

    def _path(self, label: str) -> Path:
        return Path(f"{self._live}.{label}")


class PostgresShelf(Shelf):
    """Copies of one PostgreSQL database, each a database of its own."""

    def __init__(self, server: Postgres, live: str):
        super().__init__(Path(live))
        self._server = server

    def keep(self, label: str) -> None:
        self._drop(label)
        self._labels.add(label)
        self._server.create(str(self._path(label)), str(self._live))

    def put_back(self, label: str) -> None:
        self._server.drop(str(self._live))
        self._server.create(str(self._live), str(self._path(label)))

    def clear(self) -> None:
        for label in self._labels - {BEGINNING}:
            self._drop(label)
        self._labels &= {BEGINNING}

    def _drop(self, label: str) -> None:
        self._server.drop(str(self._path(label)))


@dataclass(frozen=True)
class Request:
    """What a phone sends; `headers` hold its token or its cookie."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Server:
    """Two web processes' worth of application on one database. `with server:` lends the clock and the hooks."""

    def __init__(self, maker: Maker, settings: Settings, template: str):
        self._maker = maker
        self.database: Database = maker.fresh(template)
        self.hooks = Hooks()
        signing = write_server_key(settings.signing_key_file.with_name("simulation.pem"))
        settings = replace(settings_for(settings, self.database), max_body_bytes=MAX_BODY, signing_key_file=signing)
        self.apps: list[Flask] = [create_app(settings) for _ in range(2)]
        self._clients = [app.test_client(use_cookies=False) for app in self.apps]
        self._beside: Engine = create_engine(self.database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._reading: Connection | None = None
        self._shelf = (
            PostgresShelf(maker.server, maker.name(self.database))
            if isinstance(maker, PostgresMaker)
            else Shelf(Path(maker.name(self.database)))
        )
        self._travel = time_machine.travel(START, tick=False)
        self._chance, self._drawing = Chance(), ExitStack()
        self.identities: list[Identity] = []
        self.admin = self._cookie = ""
        self.touched = True

    @property
    def kind(self) -> str:
        return self.database.kind

    def __enter__(self) -> "Server":
        self._clock = self._travel.start()
        self._drawing.enter_context(self._chance.installed())
        self.hooks.start()
        if not self.identities:
            self._hire()
            self._hire_late()
            self.keep(BEGINNING)
        return self

    def __exit__(self, *_: object) -> None:
        self._disconnect()
        self.hooks.stop()
        self._drawing.close()
        self._travel.stop()

    def close(self) -> None:
        """Remove the database and its copies."""
        self._disconnect()
        self._shelf.clear()
        self._maker.drop(self.database)

    # The clock, which stands still unless it is moved.

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, span: timedelta) -> None:
        self._clock.shift(span)

    # The database.

    def begin(self) -> None:
        """Go back to the beginning, in time and in chance too."""
        self._shelf.clear()
        self.put_back(BEGINNING)
        self._chance.begin(1)
        self._clock.move_to(START + timedelta(seconds=10))

    def keep(self, label: str) -> None:
        """Make a backup."""
        self._disconnect()
        self._shelf.keep(label)

    def put_back(self, label: str) -> None:
        """Restore a backup."""
        self._disconnect()
        self._shelf.put_back(label)
        self.touched = True

    def reading(self) -> Connection:
        """Return a connection for looking at what is stored, past the application."""
        if self._reading is None:
            self._reading = self._beside.connect()
        return self._reading

    def _disconnect(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None
        for app in self.apps:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()

    # What reaches it.

    def handle(self, request: Request, plan: Plan | None = None, app: int = 0) -> Answer:
        """Answer a request. Raises Crash where the plan lets the server die."""
        self.touched = True
        self.wait(timedelta(milliseconds=7))
        with self.hooks.planned(plan):
            found = self._clients[app].open(
                request.path, method=request.method, headers=dict(request.headers), data=request.body
            )
        return Answer(found.status_code, dict(found.headers), found.get_data())

    def run(self, work: Callable[[UnitOfWork], T], plan: Plan | None = None, actor: str | None = None) -> T | None:
        """Run something in a transaction, as an operator or an admin; None where the plan made it fail."""
        with self.inside(plan) as app:
            known = app.extensions["actors"](db.session(), {actor} if actor else set())
            try:
                with unit_of_work(known[actor] if actor else None) as uow:
                    return work(uow)
            except Fault:
                return None

    @contextmanager
    def inside(self, plan: Plan | None = None) -> Iterator[Flask]:
        """Be inside the application, as its commands are."""
        self.touched = True
        self.wait(timedelta(milliseconds=7))
        with self.hooks.planned(plan), self.apps[0].app_context():
            yield self.apps[0]

    def _hire(self) -> None:
        for username, role, star, district, devices in roster():
            person = self._employ(username, role, star, district)
            if role == "admin":
                self.admin = person.id
            for number in range(devices):
                name, private = f"{username} {number}", key(len(self.identities) + 1)
                phone = Phone(transport=self._transport, person=person, name=name, key=private).sign_in().enrol()
                self.identities.append(Identity(person, phone.device, phone.key, phone.token, self._cookie))

    def _hire_late(self) -> None:
        """Give a person one more phone, which is enrolled only when they sign in on it."""
        person, private = self.identities[LATE_FOR].person, key(len(self.identities) + 1)
        jwk = Phone(transport=self._transport, person=person, key=private).public_jwk()
        self.identities.append(Identity(person, policy.device_id(policy.thumbprint(jwk)), private, "", ""))

    def _employ(self, username: str, role: str, star: str | None, district: str | None) -> Member:
        found = member("", username, role, star, district)
        with self.apps[0].app_context(), unit_of_work(None) as uow:
            user, _ = accounts.create_user(
                uow,
                username=username,
                display_name=found.display_name,
                role=role,
                star=star,
                district=district,
                password=found.password,
            )
            return replace(found, id=user.id)

    def _transport(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        answer = self.handle(Request(method, path, headers, body))
        self._cookie = refresh_cookie(answer) or self._cookie
        if answer.status >= 400:
            raise Refused(answer)
        return answer


def refresh_cookie(answer: Answer) -> str | None:
    """Return the refresh token that an answer sets, if it does."""
    set_cookie = answer.headers.get("Set-Cookie", "")
    return set_cookie.partition("refresh=")[2].partition(";")[0] if set_cookie.startswith("refresh=") else None
