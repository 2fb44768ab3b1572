"""The cursor of a feed: how far a reader has come, in which epoch and scope. Opaque to clients, and short."""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass

# mark, seq, held, statements, head
_PARTS = struct.Struct(">8sQQQ8s")
_SEAL = 12
_NONE = bytes(8)


def mark(epoch: str, scope: str) -> str:
    """Return what stands for an epoch and a scope in a cursor: 16 hexadecimal digits."""
    return hashlib.sha256(f"{epoch}\n{scope}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Cursor:
    """`held` is the number at which the reader last had everything; it differs from `seq` between two pages of a walk.

    `mark` names the epoch and the scope. `statements` and `head` are the length of the receipt log, and the first 16
    digits of its last entry's hash, when the cursor was given: a server whose log does not hold that entry was restored
    to a time before it.
    """

    mark: str
    seq: int
    held: int = 0
    statements: int = 0
    head: str | None = None

    def encode(self, key: bytes) -> str:
        """Write the cursor, sealed with a key of the server: nobody else can claim to have seen a lost future."""
        head = bytes.fromhex(self.head[:16]) if self.head else _NONE
        raw = _PARTS.pack(bytes.fromhex(self.mark), self.seq, self.held, self.statements, head)
        return base64.urlsafe_b64encode(_seal(raw, key) + raw).decode().rstrip("=")


def decode(text: str, key: bytes) -> Cursor | None:
    """Read a cursor; None when it is not one of ours, which starts the reader anew and loses nothing."""
    try:
        padded = text + "=" * (-len(text) % 4)
        sealed = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error, UnicodeError):
        return None
    raw = sealed[_SEAL:]
    if len(raw) != _PARTS.size or not hmac.compare_digest(sealed[:_SEAL], _seal(raw, key)):
        return None
    named, seq, held, statements, head = _PARTS.unpack(raw)
    return Cursor(named.hex(), seq, held, statements, None if head == _NONE else head.hex())


def _seal(raw: bytes, key: bytes) -> bytes:
    return hmac.new(key, raw, hashlib.sha256).digest()[:_SEAL]
