"""Which keys may be enrolled, and when a statement that a device signed is believed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from server.devices.errors import BadAssertion, BadKey, DeviceClock

AUDIENCE = "holdfast"
LIFE = timedelta(minutes=5)
# Phones set by hand are wrong by their time zone or by a day; further off, the nonce takes the clock's place.
TOLERANCE = timedelta(hours=26)
NONCE_LIFE = timedelta(minutes=5)
# Longer than an assertion from a clock at the edge of the tolerance could be taken a second time.
REMEMBERED = 2 * TOLERANCE + 2 * LIFE
_COORDINATE = 32


@dataclass(frozen=True)
class Assertion:
    """What a device said when it asked for a token."""

    device: str
    jti: str


def public_jwk(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the four members that make an EC P-256 public key, checked to be a point of the curve. Raises BadKey."""
    if given.get("kty") != "EC" or given.get("crv") != "P-256" or "d" in given:
        raise BadKey()
    try:
        x, y = (_coordinate(given[name]) for name in ("x", "y"))
        ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
    except (KeyError, TypeError, ValueError) as bad:
        raise BadKey() from bad
    return {"crv": "P-256", "kty": "EC", "x": _unpadded(x), "y": _unpadded(y)}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the JWK thumbprint (RFC 7638) in hex: the same key gives the same name, however it was written."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return hashlib.sha256(json.dumps(required, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def device_id(print_: str) -> str:
    """Return the id of the device with a key, made from the key (UUIDv8, RFC 9562 §5.8).

    A server that was restored to before the enrolment gives the same key the same id, so that what the phone had signed
    stays believable (P12); and nobody can take the id of a device that was forgotten for a key of their own.
    """
    made = bytearray(bytes.fromhex(print_)[:16])
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(made)))


def was_drawn(device: str) -> bool:
    """Tell whether an id is one of those that earlier versions drew by chance, whatever the key (UUIDv4)."""
    try:
        found = UUID(device)
    except ValueError:
        return False
    return found.version == 4 and str(found) == device


def claimed_device(assertion: str) -> str:
    """Return the device that an assertion names, unproven. Raises BadAssertion."""
    try:
        header = jwt.get_unverified_header(assertion)
    except (jwt.InvalidTokenError, ValueError) as bad:
        raise BadAssertion() from bad
    kid = header.get("kid")
    if not _plain(kid, 1, 36) or header.get("alg") != "ES256":
        raise BadAssertion()
    return str(kid)


def believe(assertion: str, device: str, jwk: Mapping[str, str], now: datetime, nonce_key: bytes) -> Assertion:
    """Check signature, names and freshness of an assertion. Raises BadAssertion, and DeviceClock with a new nonce.

    Fresh is what carries a nonce of the last five minutes, whatever the phone's clock says, or else what was signed
    within the tolerance. Whether `jti` was used before is for the caller to find out.
    """
    try:
        claims = jwt.decode(
            assertion,
            jwt.PyJWK.from_dict(dict(jwk), algorithm="ES256"),
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=device,
            options={
                "require": ["iss", "aud", "iat", "exp", "jti"],
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
            },
        )
        begins, ends = (datetime.fromtimestamp(float(claims[name]), UTC) for name in ("iat", "exp"))
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, OSError) as bad:
        raise BadAssertion() from bad
    jti = claims["jti"]
    if not _plain(jti, 8, 128) or not timedelta(0) < ends - begins <= LIFE:
        raise BadAssertion("An assertion lives up to five minutes and has a jti of 8 to 128 characters.")
    nonce = claims.get("nonce")
    fresh = nonce_fits(nonce_key, nonce, now) if nonce is not None else begins - TOLERANCE < now < ends + TOLERANCE
    if not fresh:
        raise DeviceClock(nonce=make_nonce(nonce_key, now), server_time=now.isoformat())
    return Assertion(device, jti)


def make_nonce(key: bytes, now: datetime) -> str:
    """Make a nonce that the server need not remember: its time, sealed with a key of its own."""
    stamp = str(int(now.timestamp()))
    return f"{stamp}.{_seal(key, stamp)}"


def nonce_fits(key: bytes, nonce: object, now: datetime) -> bool:
    """Tell whether this server made the nonce within the last five minutes."""
    if not isinstance(nonce, str) or not _plain(nonce, 1, 128):
        return False
    stamp, _, seal = nonce.partition(".")
    if not (stamp.isdigit() and len(stamp) <= 12):
        return False
    if not hmac.compare_digest(seal.encode(), _seal(key, stamp).encode()):
        return False
    age = now.timestamp() - int(stamp)
    return -1 <= age <= NONCE_LIFE.total_seconds()


def _plain(text: object, least: int, most: int) -> bool:
    """Tell whether something is printable ASCII of a length: what is signed may still be meant to hurt."""
    return isinstance(text, str) and least <= len(text) <= most and text.isascii() and text.isprintable()


def _seal(key: bytes, stamp: str) -> str:
    return hmac.new(key, stamp.encode(), hashlib.sha256).hexdigest()


def _coordinate(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("a coordinate is text")
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(raw) != _COORDINATE:
        raise ValueError("a coordinate of P-256 has 32 bytes")
    return raw


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
