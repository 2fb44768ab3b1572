"""The keys of devices that were heard of, so that signatures are checked before a delivery's turn comes.

Checking one takes as long as much else that is done with an op, and needs neither the database nor the interpreter's
lock: so deliveries that wait do it beside the one that is being stored.

A key ring decides nothing. What is believed is decided with the keys as the database has them at that moment, and a
signature that was checked with another key is checked again.
"""

from collections.abc import Mapping
from dataclasses import replace

from server.feed.signing import Envelope, read, signature_fits
from server.security import DeviceKey


class KeyRing:
    """Remembers the public keys (JWK as JSON text) of at most `most` devices."""

    def __init__(self, most: int = 20_000):
        self._most = most
        self._keys: dict[str, str] = {}

    def note(self, keys: Mapping[str, DeviceKey]) -> None:
        """Remember the keys of devices, as they were just read."""
        if len(self._keys) + len(keys) > self._most:
            self._keys.clear()
        self._keys.update({device: key.jwk for device, key in keys.items()})

    def read(self, token: str) -> Envelope:
        """Read a pushed string, and say which key its signature fits, where its device's is known. Never raises."""
        envelope = read(token)
        jwk = self._keys.get(envelope.op.device) if envelope.op else None
        return replace(envelope, fits=jwk) if jwk and signature_fits(token, jwk) else envelope
