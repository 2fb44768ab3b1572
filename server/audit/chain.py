"""The rule of the chain: what exactly an event's hash covers."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any


def canonical(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII only, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def plain(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the detail as the database will give it back, so that its hash can be computed again."""
    found: dict[str, Any] = json.loads(canonical(detail))
    return found


def moment(at: datetime) -> str:
    """Write a moment to the microsecond, which both databases keep."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_hash(
    *,
    n: int,
    at: datetime,
    actor: str,
    action: str,
    subject_kind: str,
    subject: str,
    detail: dict[str, Any],
    prev: str | None,
) -> str:
    """Return the SHA-256 that ties an event to all before it."""
    covered = {
        "n": n,
        "at": moment(at),
        "actor": actor,
        "action": action,
        "subject_kind": subject_kind,
        "subject": subject,
        "detail": detail,
        "prev": prev,
    }
    return hashlib.sha256(canonical(covered)).hexdigest()
