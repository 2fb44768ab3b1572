"""What may be uploaded, by whom, and for how long an unfinished upload is kept."""

from collections.abc import Mapping
from datetime import timedelta

from server.security import Actor

# Image types that browsers take and never run; everything else would be served from our own origin (stored XSS).
TYPES: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/webp": "webp",
}
UNFINISHED = timedelta(days=30)


def may_upload(actor: Actor) -> bool:
    """Tell whether an actor may add photos at all: officers document, desks review."""
    return actor.role == "officer"
