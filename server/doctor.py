"""The checks of `holdfast doctor`: one line each on what a server needs before it can be relied on."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from server.app import create_app
from server.config import BadSettings, Settings
from server.db import db

_SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """The result of one check. `said` holds no password: it goes to terminals and tickets."""

    name: str
    ok: bool
    said: str


class _Trouble(Exception):
    """A check found something; the message says what to do."""


def examine() -> Iterator[Finding]:
    """Run all checks, in the order in which a failure would explain the next ones."""
    try:
        app = create_app()
    except BadSettings as bad:
        yield Finding("settings", False, str(bad))
        return
    except (OSError, ValueError) as bad:
        yield Finding("settings", False, f"HOLDFAST_SIGNING_KEY_FILE cannot be used: {type(bad).__name__}.")
        return
    found: Settings = app.extensions["settings"]
    yield Finding("settings", True, f"mode {found.mode}, public at {found.public_url}")
    with app.app_context():
        yield from (_finding(name, check, app, found) for name, check in _CHECKS)


def _finding(name: str, check: "Check", app: Flask, settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(app, settings))
    except _Trouble as trouble:
        return Finding(name, False, str(trouble))


def _signing_key(_app: Flask, settings: Settings) -> str:
    if settings.signing_key_file.stat().st_mode & 0o077:
        raise _Trouble("HOLDFAST_SIGNING_KEY_FILE can be read by others; run chmod 600 on it.")
    return "readable by this user only"


def _database(_app: Flask, settings: Settings) -> str:
    shown = make_url(settings.database_url)
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as failed:
        kind = type(failed.__cause__ or failed).__name__
        raise _Trouble(f"no answer from {shown.get_backend_name()} ({kind}); check HOLDFAST_DATABASE_URL.") from failed
    return f"{shown.get_backend_name()} answers"


def _schema(app: Flask, _settings: Settings) -> str:
    script = ScriptDirectory(app.extensions["migrate"].directory)
    wanted = set(script.get_heads())
    try:
        with db.engine.connect() as connection:
            present = set(MigrationContext.configure(connection).get_current_heads())
    except SQLAlchemyError as failed:
        raise _Trouble("cannot be read, because the database does not answer.") from failed
    if present != wanted or not wanted:
        raise _Trouble(f"at {_names(present)}, the code needs {_names(wanted)}; run `holdfast db upgrade`.")
    return f"at head ({_names(present)})"


def _blobs(_app: Flask, settings: Settings) -> str:
    try:
        settings.blob_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.blob_dir) as probe:
            probe.write(b"holdfast")
    except OSError as failed:
        raise _Trouble(f"HOLDFAST_BLOB_DIR cannot be written ({failed.strerror}).") from failed
    return "the folder for photos can be written"


def _redis(_app: Flask, settings: Settings) -> str:
    if not settings.redis_url:
        return "not configured; the sweeper runs the jobs"
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as redis:
            redis.ping()
    except (RedisError, OSError, ValueError) as failed:
        said = f"no answer ({type(failed).__name__}); jobs still run, by the sweeper. Check HOLDFAST_REDIS_URL."
        raise _Trouble(said) from failed
    return "answers"


def _custodian(_app: Flask, settings: Settings) -> str:
    if not settings.custodian_url:
        raise _Trouble("HOLDFAST_CUSTODIAN_URL is not set: holds are kept here, but nobody is asked to keep footage.")
    try:
        httpx.get(settings.custodian_url, timeout=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        raise _Trouble(
            f"no answer ({type(failed).__name__}); holds wait and are sent again. Check its URL."
        ) from failed
    return "answers"


def _app_files(_app: Flask, settings: Settings) -> str:
    if not (settings.pwa_dir / "index.html").is_file():
        raise _Trouble("HOLDFAST_PWA_DIR holds no index.html; build the PWA.")
    return "the PWA is built"


def _names(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "no migration"


Check = Callable[[Flask, Settings], str]
_CHECKS: tuple[tuple[str, Check], ...] = (
    ("signing key", _signing_key),
    ("database", _database),
    ("schema", _schema),
    ("photos", _blobs),
    ("redis", _redis),
    ("custodian", _custodian),
    ("app", _app_files),
)
