"""Hashing of passwords with Argon2id, and one-time passwords that can be read out."""

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.config import settings

# Without 0/o, 1/l/i: a one-time password is read out over the radio or copied from paper. 16 signs carry 79 bits.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


@cache
def _hasher(mode: str) -> PasswordHasher:
    """Argon2id as RFC 9106 §4 recommends for little memory; tests, which hash thousands of times, pay less."""
    if mode == "test":
        return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


@cache
def _nobody(mode: str) -> str:
    """Return the hash that an unknown name is checked against, made with the same cost as everybody's."""
    return _hasher(mode).hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Hash a password that the policy accepted."""
    return _hasher(settings().mode).hash(_prepared(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Compare, taking as long for an unknown name (`None`) as for a known one, so that time tells no names."""
    mode = settings().mode
    try:
        right = _hasher(mode).verify(password_hash or _nobody(mode), _prepared(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


def stale(password_hash: str) -> bool:
    """Tell whether a hash was made with other costs than today's and should be made anew at this sign-in."""
    return _hasher(settings().mode).check_needs_rehash(password_hash)


def one_time_password() -> str:
    """Make a password to hand over once; its owner chooses another after signing in."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def _prepared(password: str) -> bytes:
    # Phones and desktops compose accents differently; the same key strokes must make the same password.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
