"""Chance that repeats: what server and phones draw comes from one generator, so that a seed repeats a run to the byte.

Without it ids, keys and signatures are others each time, and with them whatever is sorted by an id or a hash.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import algorithms

_SERVER = 1 << 20


class Chance:
    """Stands in for the system's own chance while it is installed; `begin` starts its row of numbers anew."""

    def __init__(self) -> None:
        self._drawn = random.Random()
        self.begin(0)

    def begin(self, number: int) -> None:
        self._drawn.seed(number)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Draw for `uuid4`, for `secrets` and for whatever else asks the system; sign without chance (RFC 6979)."""
        draw = self._drawn.randbytes
        sure = partial(algorithms.ECDSA, deterministic_signing=True)
        with ExitStack() as stack:
            stack.enter_context(patch.object(os, "urandom", draw))
            stack.enter_context(patch.object(random, "_urandom", draw))
            stack.enter_context(patch.object(algorithms, "ECDSA", sure))
            yield


def key(number: int) -> ec.EllipticCurvePrivateKey:
    """Return the key of the device with a number: the same one each time."""
    return ec.derive_private_key(number, ec.SECP256R1())


def write_server_key(path: Path) -> Path:
    """Write the server's key, the same one each time; return where."""
    pem = key(_SERVER).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pem)
    return path
