"""The server as it is deployed, for measuring: gunicorn with two workers in front of a database on disk."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, func, select, text

from demo.processes import Child, free_port, http_ready
from server.accounts import service as accounts
from server.app import create_app
from server.config import Settings
from server.db import unit_of_work
from server.feed.models import StoredOp

PASSWORD = "a bench needs 1 long password"
ROOT = Path(__file__).parents[1]
# As docs/operation.md says. Threads that wait cost little, and the more of them, the more deliveries share a commit.
WORKERS, THREADS = 2, 48
# What a phone says it can read, of what browsers say; the server then chooses.
ACCEPTED = "gzip, zstd"


@dataclass(frozen=True)
class Person:
    id: str
    username: str
    password: str


@dataclass(frozen=True)
class Running:
    """A server that answers at `base`; `pid` is gunicorn's own, whose children are the workers."""

    base: str
    pid: int

    def worker_peaks(self) -> list[float]:
        """Return the most memory that each worker has had so far, in MB."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sorted(_peak(pid) for pid in children)


def _peak(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1000


def settings_for(url: str, folder: Path) -> Settings:
    return Settings(
        mode="demo",
        secret_key="for-the-bench-only-0123456789-abcdefgh",
        database_url=url,
        signing_key_file=folder / "server.pem",
        blob_dir=folder / "blobs",
    )


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[Running]:
    """Run gunicorn as a deployment would, on a free port. The database has its schema already."""
    port = free_port()
    env = {
        **os.environ,
        "HOLDFAST_MODE": settings.mode,
        "HOLDFAST_SECRET_KEY": settings.secret_key,
        "HOLDFAST_DATABASE_URL": settings.database_url,
        "HOLDFAST_SIGNING_KEY_FILE": str(settings.signing_key_file),
        "HOLDFAST_BLOB_DIR": str(settings.blob_dir),
    }
    command = [
        sys.executable, "-m", "gunicorn", "server.app:create_app()", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "warning",
    ]  # fmt: skip
    child = Child("web", command, folder / "web.log", env=env, cwd=ROOT)
    try:
        base = f"http://127.0.0.1:{port}"
        child.wait_until(http_ready(f"{base}/readyz"))
        yield Running(base, child.process.pid)
    finally:
        child.stop()


def migrate(settings: Settings) -> None:
    from flask_migrate import upgrade

    with create_app(settings).app_context():
        upgrade(directory=str(ROOT / "migrations"))


def hire(settings: Settings, count: int, role: str = "officer") -> list[Person]:
    """Make accounts, all of one district."""
    people = []
    with create_app(settings).app_context():
        for number in range(count):
            with unit_of_work(None) as uow:
                name = f"{role}{number}"
                user, _ = accounts.create_user(
                    uow,
                    username=name,
                    display_name=name,
                    role=role,
                    star=f"9{number:04}" if role == "officer" else None,
                    district="010",
                    grants=[],
                    password=PASSWORD,
                )
                people.append(Person(user.id, name, PASSWORD))
    return people


def settle(url: str) -> None:
    """Do what PostgreSQL does by itself within a minute: tidy up, count, write what is only in memory."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            for command in ("VACUUM (ANALYZE)", "CHECKPOINT"):
                connection.execute(text(command))
    engine.dispose()


def stored_ops(url: str) -> int:
    """Count the ops in a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(select(func.count()).select_from(StoredOp)).scalar_one()
    engine.dispose()
    return found
