"""A fresh database for each test: a copy of a template that the migrations built once."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from server.app import create_app
from server.config import Settings
from server.db import db
from tests.support.cast import Cast, hire
from tests.support.schema import build_schema
from tools.services import Postgres


@dataclass(frozen=True)
class Database:
    """One database of one test. `kind` is `sqlite` or `postgresql`."""

    kind: str
    url: str


class Maker(Protocol):
    """Makes databases of one kind, empty or as copies."""

    def fresh(self, template: str | None) -> Database: ...
    def drop(self, database: Database) -> None: ...
    def name(self, database: Database) -> str: ...


class SqliteMaker:
    def __init__(self, folder: Path):
        self.folder = folder
        self._count = itertools.count()

    def fresh(self, template: str | None) -> Database:
        path = self.folder / f"{next(self._count)}.db"
        if template:
            shutil.copyfile(template, path)
        return Database("sqlite", f"sqlite:///{path}")

    def drop(self, database: Database) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(self.name(database) + suffix).unlink(missing_ok=True)

    def name(self, database: Database) -> str:
        return database.url.removeprefix("sqlite:///")


class PostgresMaker:
    def __init__(self, server: Postgres):
        self.server = server
        self._count = itertools.count()

    def fresh(self, template: str | None) -> Database:
        return Database("postgresql", self.server.create(f"test_{next(self._count)}", template))

    def drop(self, database: Database) -> None:
        self.server.drop(self.name(database))

    def name(self, database: Database) -> str:
        return database.url.rpartition("/")[2] if "?" not in database.url else _between(database.url)


def _between(url: str) -> str:
    return url.split("@/", 1)[1].partition("?")[0]


@dataclass
class Templates:
    """Templates of one kind of database: migrated, without people and with the cast. Built when first asked for."""

    maker: Maker
    settings: Settings
    cast: Cast | None = None
    _names: dict[bool, str] = field(default_factory=dict)

    def name(self, with_cast: bool) -> str:
        """Return the template's name for the maker."""
        if with_cast not in self._names:
            self._names[with_cast] = self._build(with_cast)
        return self._names[with_cast]

    def _build(self, with_cast: bool) -> str:
        database = self.maker.fresh(None)
        app = create_app(settings_for(self.settings, database))
        with app.app_context():
            build_schema()
            if with_cast:
                self.cast = hire()
            db.session.remove()
            db.engine.dispose()
        return self.maker.name(database)

    @contextmanager
    def copy(self, with_cast: bool) -> Iterator[Database]:
        """Lend a fresh copy, and remove it afterwards."""
        database = self.maker.fresh(self.name(with_cast))
        try:
            yield database
        finally:
            self.maker.drop(database)


def settings_for(settings: Settings, database: Database) -> Settings:
    """Return the same settings on another database."""
    from dataclasses import replace

    return replace(settings, database_url=database.url)
