"""The cursor of a feed: how far a reader has come, in which epoch and scope. Opaque to clients."""

import base64
import binascii
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    epoch: str
    scope: str
    seq: int

    def encode(self) -> str:
        raw = json.dumps([self.epoch, self.scope, self.seq], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode(text: str) -> Cursor | None:
    """Read a cursor; None when it is not one of ours, which starts the reader anew and loses nothing."""
    try:
        padded = text + "=" * (-len(text) % 4)
        epoch, scope, seq = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeError):
        return None
    if not isinstance(epoch, str) or not isinstance(scope, str) or not isinstance(seq, int) or seq < 0:
        return None
    return Cursor(epoch, scope, seq)
