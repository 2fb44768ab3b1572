"""A backup of a test's database, and a restore of it, as an operator makes them."""

from pathlib import Path

from server.db import db
from tests.simulation.server import PostgresShelf, Shelf
from tests.support.databases import Database, Maker, PostgresMaker


class Backup:
    """A copy of the test's database, and what the operator does with it."""

    def __init__(self, maker: Maker, database: Database):
        name = maker.name(database)
        self._shelf = PostgresShelf(maker.server, name) if isinstance(maker, PostgresMaker) else Shelf(Path(name))

    def make(self) -> None:
        self._disconnect()
        self._shelf.keep("backup")

    def put_back(self) -> None:
        self._disconnect()
        self._shelf.put_back("backup")

    def clear(self) -> None:
        self._disconnect()
        self._shelf.clear()

    def _disconnect(self) -> None:
        db.session.remove()
        db.engine.dispose()
