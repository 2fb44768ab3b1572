"""How uploads are announced (tus 1.0, creation extension) and photos told of."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.evidence.errors import BadMetadata, TypeNotAllowed
from server.evidence.models import Photo
from server.evidence.policy import TYPES
from server.problems import TooLarge

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LENGTH = re.compile(r"[0-9]{1,15}\Z")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a phone says of a photo before it sends the bytes."""

    report: str
    photo: str
    sha256: str
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """An upload as its request needs it, free of the database session."""

    id: str
    report: str
    photo: str
    uploader: str
    device: str | None
    sha256: str
    size: int
    type: str
    expires: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload came. `sha256` is set only when the server hashed what it stored and found it equal (P7)."""

    offset: int
    size: int
    expires: datetime
    sha256: str | None = None


def read_announcement(length: str | None, metadata: str | None, max_bytes: int) -> Announcement:
    """Read `Upload-Length` and `Upload-Metadata`. Raises BadMetadata, TypeNotAllowed, TooLarge."""
    if not _LENGTH.match(length or "") or not (size := int(length or "")):
        raise BadMetadata()
    if size > max_bytes:
        raise TooLarge(f"A photo may have up to {max_bytes} bytes.", max_bytes=max_bytes)
    given = _metadata(metadata or "")
    photo, report, sha256 = given.get("photo", ""), given.get("report", ""), given.get("sha256", "")
    if not (_UUID.match(photo) and _UUID.match(report) and _SHA256.match(sha256)):
        raise BadMetadata()
    if given.get("type") not in TYPES:
        raise TypeNotAllowed()
    return Announcement(report, photo, sha256, size, given["type"])


def _metadata(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in header.split(",") if header else ():
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise BadMetadata() from None
    return found


def status(photo: Photo) -> dict[str, Any]:
    """Return a photo as the feed tells of it: on the server, with these bytes."""
    return {
        "photo": photo.photo_id,
        "sha256": photo.sha256,
        "size": photo.size,
        "type": photo.type,
        "received": photo.received_at.isoformat(),
    }
