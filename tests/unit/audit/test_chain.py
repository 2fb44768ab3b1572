"""What an audit event's hash covers."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from server.audit import chain

EVENT: dict[str, Any] = {
    "n": 2,
    "at": datetime(2026, 11, 23, 21, 14, 5, 120, tzinfo=UTC),
    "actor": "system",
    "action": "user.create",
    "subject_kind": "user",
    "subject": "5b1c",
    "detail": {"role": "officer", "grants": []},
    "prev": "00" * 32,
}


def test_an_outsider_can_compute_the_hash_from_the_written_rule() -> None:
    """P13: the chain is checked with any SHA-256 and JSON, without this code."""
    text = (
        '{"action":"user.create","actor":"system","at":"2026-11-23T21:14:05.000120Z",'
        '"detail":{"grants":[],"role":"officer"},"n":2,"prev":"' + "00" * 32 + '",'
        '"subject":"5b1c","subject_kind":"user"}'
    )
    assert chain.event_hash(**EVENT) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 3),
        ("at", datetime(2026, 11, 23, 21, 14, 5, 121, tzinfo=UTC)),
        ("actor", "somebody"),
        ("action", "user.suspend"),
        ("subject_kind", "device"),
        ("subject", "5b1d"),
        ("detail", {"role": "admin", "grants": []}),
        ("prev", None),
    ],
)
def test_every_part_of_an_event_is_covered(name: str, value: object) -> None:
    """P13: nothing of an event can be changed unnoticed."""
    assert chain.event_hash(**{**EVENT, name: value}) != chain.event_hash(**EVENT)


def test_a_moment_hashes_the_same_in_every_zone() -> None:
    local = EVENT["at"].astimezone(timezone(timedelta(hours=-6)))
    assert chain.event_hash(**{**EVENT, "at": local}) == chain.event_hash(**EVENT)


def test_a_detail_is_kept_as_the_database_gives_it_back() -> None:
    assert chain.plain({"ops": ("a", "b"), "n": 1}) == {"ops": ["a", "b"], "n": 1}


@pytest.mark.parametrize("detail", [{"n": float("nan")}, {"at": datetime.now(UTC)}])
def test_a_detail_that_is_not_json_is_refused(detail: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        chain.plain(detail)
