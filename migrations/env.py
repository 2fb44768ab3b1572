"""Run the migrations on the application's database, SQLite and PostgreSQL alike, one runner at a time."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import BigInteger, Connection, text

from server.db import UtcDateTime, db

# Any number will do, as long as no other program takes the same lock in this database.
_LOCK = 7_424_601
# A migration that waits for a table's lock makes every later request wait behind it: give up early instead.
_PATIENCE = {"lock_timeout": "5s", "statement_timeout": "15min"}


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types as plain ones, so that an old migration does not depend on later code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, BigInteger) and item._variant_mapping:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def _take_lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    for name, value in _PATIENCE.items():
        connection.execute(text(f"SET LOCAL {name} = '{value}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def run() -> None:
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        _take_lock(connection)
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=_render,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
