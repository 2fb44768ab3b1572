"""The database and the one place where a transaction ends.

Every change goes through `unit_of_work`: what must be true together commits together, and the order of the
last statements is fixed here: audit chain, then the feed counter, then commit, then doorbells.
"""

import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import JSON as JSON
from sqlalchemy import BigInteger, DateTime, Dialect, Engine, Integer, MetaData, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import Pool

if TYPE_CHECKING:
    from server.security import Actor

log = structlog.get_logger()


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    Model = Base
else:
    # The extension makes this class at run time, where a type checker cannot follow.
    Model = db.Model

# SQLite counts only INTEGER primary keys by itself, and stores them in 64 bits anyway.
BigInt = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always aware and in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone must not be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def upsertable(session: Session, table: Any) -> Any:
    """Return an insert that knows `on_conflict_…`, in the dialect of the session's database: both mean the same."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)


@dataclass(frozen=True)
class AuditEntry:
    """What happened to what; `detail` holds ids, counts and codes, never what a person wrote.

    `actor` is named where it is another than the transaction's own: deliveries may share one transaction.
    """

    action: str
    subject_kind: str
    subject: str
    detail: dict[str, Any]
    actor: str | None = None


@dataclass(frozen=True)
class OutboxEntry:
    topic: str
    key: str
    payload: dict[str, str]


@dataclass
class UnitOfWork:
    """One transaction: its session, its moment, its actor (None: the system itself), and what it leaves behind.

    `notes` is a feature's private state between its service and its finisher, under the feature's name.
    """

    session: Session
    now: datetime
    actor: "Actor | None"
    audits: list[AuditEntry] = field(default_factory=list)
    published: dict[str, None] = field(default_factory=dict)
    outbox: list[OutboxEntry] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    _after: list[Callable[[], None]] = field(default_factory=list)

    def audit(self, action: str, subject_kind: str, subject: str, **detail: Any) -> None:
        """Note one change for the audit chain; it is written in this transaction (P13)."""
        self.audits.append(AuditEntry(action, subject_kind, subject, detail))

    def audit_for(self, actor: "Actor", action: str, subject_kind: str, subject: str, **detail: Any) -> None:
        """Note a change that another actor than the transaction's made in it."""
        self.audits.append(AuditEntry(action, subject_kind, subject, detail, actor.id))

    def publish(self, report_id: str) -> None:
        """Say that something visible about a report changed: its readers' feeds will carry it."""
        self.published[report_id] = None

    def enqueue(self, topic: str, key: str, payload: dict[str, str]) -> None:
        """Leave a job in the outbox; `(topic, key)` is unique, the payload holds ids only."""
        self.outbox.append(OutboxEntry(topic, key, payload))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Do something whole or not at all, inside this transaction: what it left behind goes where it fails."""
        audits, outbox, after = len(self.audits), len(self.outbox), len(self._after)
        published = dict(self.published)
        try:
            with self.session.begin_nested():
                yield
        except BaseException:
            # The savepoint takes back rows only. A job left here would be about rows that are not there.
            del self.audits[audits:], self.outbox[outbox:], self._after[after:]
            self.published = published
            raise

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call something once the transaction is durable. It may fail without harm: it is only a doorbell."""
        self._after.append(call)


Finisher = Callable[[UnitOfWork], None]


@contextmanager
def unit_of_work(actor: "Actor | None") -> Iterator[UnitOfWork]:
    """Run one transaction. Commits on leaving, rolls back on an exception; nothing else in the server commits."""
    session = db.session()
    session.rollback()
    uow = UnitOfWork(session=session, now=datetime.now(UTC), actor=actor)
    if session.get_bind().dialect.name == "sqlite":
        _become_the_writer(session)
    try:
        yield uow
        session.flush()
        finishers: list[Finisher] = current_app.extensions["finishers"]
        for finish in finishers:
            finish(uow)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    for call in uow._after:
        try:
            call()
        except Exception as failed:
            log.warning("after_commit_failed", kind=type(failed).__name__)


# SQLite's one writer is waited for as long as this, and asked after as often as that.
_PATIENCE_SECONDS, _AGAIN_SECONDS = 30.0, 0.0005
_BUSY_TIMEOUT = f"PRAGMA busy_timeout={_PATIENCE_SECONDS * 1000:.0f}"


def _become_the_writer(session: Session) -> None:
    """Take SQLite's write lock first: to upgrade from reader to writer is refused under load.

    SQLite itself would wait in naps that grow to many times what a transaction takes, while nobody writes at all.
    """
    connection: Any = session.connection().connection.dbapi_connection
    ends = time.monotonic() + _PATIENCE_SECONDS
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while not _begin_immediate(connection, last=time.monotonic() > ends):
            time.sleep(_AGAIN_SECONDS)
    finally:
        connection.execute(_BUSY_TIMEOUT)


def _begin_immediate(connection: sqlite3.Connection, last: bool) -> bool:
    """Begin to write unless somebody else is writing. Raises OperationalError then too if it is the last attempt."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as failed:
        # The lowest byte: busy while another process recovers the log after a crash is busy as well.
        if last or failed.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise OperationalError("BEGIN IMMEDIATE", None, failed) from failed
        return False
    return True


def reader() -> Session:
    """Return the session for reading outside a unit of work: nothing is opened for it, so nothing must be ended.

    On PostgreSQL a transaction would cost two more journeys to the database, and rolling it back would make the driver
    forget the statements that it has prepared. SQLite reads so anyway.
    """
    session = db.session()
    if not session.in_transaction() and session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    return session


@event.listens_for(Pool, "checkout")
def _look_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    """Take no connection from the pool that the database has closed meanwhile, as it does when it is restarted.

    Nothing has been asked on a connection in the pool, so there is something to read only where it was closed. To look
    is free, while asking the database costs a journey for each transaction.
    """
    if isinstance(connection, psycopg.Connection):
        end = select.poll()
        end.register(connection.fileno(), select.POLLIN)
        if end.poll(0):
            raise DisconnectionError("the database closed this connection")


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: Any) -> None:
    """Make SQLite durable and concurrent: write-ahead log, full sync at commit, foreign keys, patience."""
    if isinstance(connection, psycopg.Connection):
        # Many rows go to PostgreSQL as arrays; written as text they cost four times as much.
        connection.adapters.register_dumper(list, ListBinaryDumper)
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver must not open transactions by itself, else BEGIN IMMEDIATE would come too late.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_BUSY_TIMEOUT)
