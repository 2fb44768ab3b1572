"""The cursor of a feed: how far a reader has come, in which epoch and scope. Opaque to clients."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

_SEAL = 16


@dataclass(frozen=True, slots=True)
class Cursor:
    """`held` is the number at which the reader last had everything; it differs from `seq` between two pages of a walk.

    `statements` and `head` are the length of the receipt log, and the hash of its last entry, when the cursor was
    given: a server whose log does not hold that entry was restored from before it.
    """

    epoch: str
    scope: str
    seq: int
    held: int = 0
    statements: int = 0
    head: str | None = None

    def encode(self, key: bytes) -> str:
        """Write the cursor, sealed with a key of the server: nobody else can claim to have seen a lost future."""
        parts = [self.epoch, self.scope, self.seq, self.held, self.statements, self.head]
        raw = json.dumps(parts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_seal(raw, key) + raw).decode().rstrip("=")


def decode(text: str, key: bytes) -> Cursor | None:
    """Read a cursor; None when it is not one of ours, which starts the reader anew and loses nothing."""
    try:
        padded = text + "=" * (-len(text) % 4)
        sealed = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error, UnicodeError):
        return None
    raw = sealed[_SEAL:]
    if not hmac.compare_digest(sealed[:_SEAL], _seal(raw, key)):
        return None
    return Cursor(*json.loads(raw))


def _seal(raw: bytes, key: bytes) -> bytes:
    return hmac.new(key, raw, hashlib.sha256).digest()[:_SEAL]
