"""Filling a database with what a thousand devices delivered, and making sure that it is what they would have left."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
from flask import current_app
from sqlalchemy import func, make_url, select, update

from bench.cast import misfit
from bench.multiply import Pattern, Rows, Twin, copies
from server.db import db, unit_of_work
from server.feed.models import FeedCounter, StoredOp
from server.feed.signing import ServerKey, sha256_hex


def duplicate(path: Path, copy: Path) -> None:
    """Copy a SQLite database with what is still in its write-ahead log."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def fill(path: Path, known: Pattern, devices: Sequence[Twin]) -> None:
    """Write the copies for these devices into a SQLite database, that of the application in whose context this runs."""
    session = db.session()
    key: ServerKey = current_app.extensions["server_key"]
    head = session.scalar(select(FeedCounter.log_head))
    session.rollback()
    delivered: dict[str, list[list[str]]] = {}
    with closing(sqlite3.connect(path)) as connection, connection:
        # It is filled and not yet measured; if the machine stops, it is thrown away: no need to wait for the disk.
        for pragma in ("synchronous=OFF", "cache_size=-500000"):
            connection.execute(f"PRAGMA {pragma}")
        for twin, rows in zip(devices, copies(known, devices), strict=True):
            head, delivered[twin.user] = _chain(rows, head, key)
            _write(connection, rows)
    counted = {"seq": FeedCounter.seq + len(devices) * known.steps["op", "seq"]}
    counted["log_n"] = FeedCounter.log_n + len(devices) * known.steps["receipt_log", "n"]
    _audit(delivered)
    with unit_of_work(None) as uow:
        uow.session.execute(update(FeedCounter).values(**counted, log_head=head))


def _chain(rows: Rows, head: str | None, key: ServerKey) -> tuple[str | None, list[list[str]]]:
    """Sign a copy's statements, each naming the one before; return the last one's hash, and the ops of each."""
    delivered = []
    for row in rows["receipt_log"]:
        statement = {**json.loads(row["jws"]), "prev": head}
        row["prev"], row["jws"] = head, key.sign(statement)
        row["sha256"] = head = sha256_hex(row["jws"])
        delivered.append([receipt["op"] for receipt in statement["receipts"]])
    return head, delivered


def _write(connection: sqlite3.Connection, rows: Rows) -> None:
    for table, some in rows.items():
        if some:
            columns = ", ".join(f'"{name}"' for name in some[0])
            values = ", ".join(f":{name}" for name in some[0])
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", some)


def _audit(delivered: dict[str, list[list[str]]]) -> None:
    """Note each delivery as the push does, by the audit log's own door."""
    actors = current_app.extensions["actors"](db.session(), delivered)
    for user, deliveries in delivered.items():
        with unit_of_work(None) as uow:
            for ops in deliveries:
                uow.audit_for(actors[user], "report.push", "device", user, ops=sorted(ops))


def to_postgresql(path: Path, url: str) -> None:
    """Copy a SQLite database, row by row, into one of PostgreSQL that has the schema and nothing in it."""
    where = make_url(url)
    into = psycopg.connect(host=str(where.query["host"]), user=where.username, dbname=where.database)
    with closing(sqlite3.connect(path)) as source, into, into.cursor() as cursor:
        # SQLite keeps moments as text without a zone, and they are in UTC.
        cursor.execute("SET timezone = 'UTC'")
        for table in db.metadata.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as target:
                for row in source.execute(f"SELECT {columns} FROM {table.name}"):
                    target.write_row(row)
        for name in ("hold_event", "outbox"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")


def check(ops: int) -> None:
    """End with what does not fit, if anything: signatures, hashes, chains, and the reports that the ops make."""
    stored = db.session().scalar(select(func.count()).select_from(StoredOp))
    wrong = misfit() or (None if stored == ops else f"{stored} ops instead of {ops}")
    if wrong:
        raise SystemExit(f"the database that was filled is not what pushes leave: {wrong}")
