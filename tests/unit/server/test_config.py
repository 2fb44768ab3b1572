"""Settings: read from the environment once; what would start an unsafe server stops the start."""

import dataclasses
from typing import Any

import pytest

from server.config import BadSettings, Settings

GOOD = "Zq3v-81kLmP0xW7rTyB5nC2dF9hJ4sGe6uA_"


def test_settings_are_read_by_name_and_type() -> None:
    found = Settings.from_env(
        {
            "HOLDFAST_SECRET_KEY": GOOD,
            "HOLDFAST_ACCESS_SECONDS": "60",
            "HOLDFAST_SWEEP_SECONDS": "0.5",
            "HOLDFAST_BLOB_DIR": "/srv/blobs",
            "HOLDFAST_REDIS_URL": "",
        }
    )
    assert (found.access_seconds, found.sweep_seconds, str(found.blob_dir)) == (60, 0.5, "/srv/blobs")
    assert found.redis_url is None


def test_settings_cannot_be_changed_later() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings(secret_key=GOOD).mode = "demo"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, "HOLDFAST_SECRET_KEY"),
        ({"HOLDFAST_SECRET_KEY": "short"}, "HOLDFAST_SECRET_KEY"),
        ({"HOLDFAST_SECRET_KEY": "a" * 64}, "HOLDFAST_SECRET_KEY"),
        ({"HOLDFAST_SECRET_KEY": "please-change-me-0123456789-abcdefghij"}, "HOLDFAST_SECRET_KEY"),
        ({"HOLDFAST_SECRET_KEY": GOOD, "HOLDFAST_MODE": "prod"}, "HOLDFAST_MODE"),
        ({"HOLDFAST_SECRET_KEY": GOOD, "HOLDFAST_ACCESS_SECONDS": "soon"}, "HOLDFAST_ACCESS_SECONDS"),
        (
            {"HOLDFAST_SECRET_KEY": GOOD, "HOLDFAST_CUSTODIAN_URL": "http://c", "HOLDFAST_CUSTODIAN_SECRET": "x"},
            "HOLDFAST_CUSTODIAN_SECRET",
        ),
    ],
)
def test_a_weak_or_wrong_setting_stops_the_start_and_is_named(env: dict[str, Any], names: str) -> None:
    with pytest.raises(BadSettings, match=names):
        Settings.from_env(env)


def test_a_demonstration_may_start_with_a_weak_secret() -> None:
    assert Settings.from_env({"HOLDFAST_MODE": "demo", "HOLDFAST_SECRET_KEY": "demo"}).mode == "demo"
