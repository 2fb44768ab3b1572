"""The migrations build exactly what the models say, on both databases, and can take it back."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from server.app import create_app
from server.config import Settings
from server.db import db
from tests.support.databases import Database, Templates, settings_for


@pytest.fixture
def database(request: pytest.FixtureRequest, templates: dict[str, Templates]) -> Iterator[Database]:
    """An empty database, not a copy of the migrated template."""
    maker = templates[request.param].maker
    found = maker.fresh(None)
    yield found
    maker.drop(found)


@pytest.fixture
def bare(database: Database, base_settings: Settings) -> Iterator[Flask]:
    app = create_app(settings_for(base_settings, database))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def _tables() -> set[str]:
    with db.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


@both
def test_head_equals_the_models(bare: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": db.metadata}
        )
        assert compare_metadata(context, db.metadata) == []
    assert _tables() == set(db.metadata.tables) | {"alembic_version"}


@both
def test_a_second_upgrade_changes_nothing(bare: Flask) -> None:
    upgrade()
    before = _tables()
    upgrade()
    assert _tables() == before


@both
def test_downgrade_leaves_nothing_behind(bare: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert _tables() == {"alembic_version"}
    upgrade()
    assert set(db.metadata.tables) < _tables()
