"""Fixtures of the feed's tests."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.backups import Backup
from tests.support.databases import Database, Templates


@pytest.fixture
def backup(app: Flask, database: Database, templates: dict[str, Templates]) -> Iterator[Backup]:
    """A backup of the test's database, to be made and put back."""
    made = Backup(templates[database.kind].maker, database)
    yield made
    made.clear()
