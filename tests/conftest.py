"""Fixtures that every test may use: databases, settings, the application, the cast, phones, the running stack."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo.phone import Phone
from demo.wire import in_process
from server.app import create_app
from server.config import Settings
from tests.support.cast import Cast, Member
from tests.support.databases import (
    Database,
    PostgresMaker,
    SqliteMaker,
    Templates,
    settings_for,
)
from tools import chromium
from tools.scratch import scratch_folder
from tools.services import Postgres, Redis

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="session")
def base_settings(session_folder: Path) -> Settings:
    """Settings without a database; every test derives its own from these."""
    return Settings(
        mode="test",
        secret_key="only-for-tests-0123456789-abcdefghijklm",
        signing_key_file=session_folder / "server.pem",
        blob_dir=session_folder / "blobs",
        sweep_seconds=0.05,
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL 18 for this session."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_session() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def redis_server(redis_session: Redis) -> Redis:
    """A real redis-server, running and empty. A test may `halt()` and `start()` it."""
    redis_session.start()
    redis_session.flush()
    return redis_session


@pytest.fixture(scope="session")
def templates(base_settings: Settings, request: pytest.FixtureRequest) -> Iterator[dict[str, Templates]]:
    """Template databases by kind; PostgreSQL starts only when a test wants it."""
    folder = scratch_folder("holdfast-sqlite-")
    made = {"sqlite": Templates(SqliteMaker(folder), base_settings)}

    class Lazy(dict[str, Templates]):
        def __missing__(self, kind: str) -> Templates:
            maker = PostgresMaker(request.getfixturevalue("postgres"))
            self[kind] = Templates(maker, base_settings)
            return self[kind]

    yield Lazy(made)
    shutil.rmtree(folder)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, templates: dict[str, Templates]) -> Iterator[Database]:
    """A migrated database on each kind; it holds the cast when the test asks for `cast`."""
    with templates[request.param].copy("cast" in request.fixturenames) as found:
        yield found


@pytest.fixture
def cast(database: Database, templates: dict[str, Templates]) -> Cast:
    """The fixed cast, present in the test's database."""
    found = templates[database.kind].cast
    assert found is not None
    return found


@pytest.fixture
def settings(database: Database, base_settings: Settings, tmp_path: Path) -> Settings:
    """The application's settings; a test file may override this fixture to change some."""
    from dataclasses import replace

    return replace(settings_for(base_settings, database), blob_dir=tmp_path / "blobs")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on the test's database, with its context pushed."""
    from server.db import db

    application = create_app(settings)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[Member], dict[str, str]]:
    """Return a function that signs a member in and gives the headers of an authorised request."""

    def open_session(member: Member) -> dict[str, str]:
        # A client of its own: the refresh cookie of one person must not travel with another's request.
        phone = Phone(transport=in_process(app.test_client()), person=member).sign_in()
        return {"Authorization": f"Bearer {phone.token}"}

    return open_session


@pytest.fixture
def phone_of(app: Flask) -> Callable[..., Phone]:
    """Return a function that gives a member a signed-in phone with an enrolled device."""

    def enrol(member: Member, **given: Any) -> Phone:
        return Phone(transport=in_process(app.test_client()), person=member, **given).sign_in().enrol()

    return enrol


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a real Chromium; the test fails with what to install where there is none."""
    return chromium.require()


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """A stack for what a test starts and must not leave behind."""
    with ExitStack() as stack:
        yield stack
