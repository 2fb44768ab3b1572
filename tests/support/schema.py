"""Build the schema of a test's database as a deployment would: by the migrations."""

from pathlib import Path

from flask_migrate import upgrade

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build_schema() -> None:
    """Migrate the current application's database to head."""
    upgrade(directory=str(MIGRATIONS))
