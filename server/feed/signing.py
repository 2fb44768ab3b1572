"""Signatures: opening what devices signed, and signing what the server states (compact JWS, ES256)."""

import base64
import hashlib
import json
import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.api_jws import PyJWS

from sync.op import BadOp, Op, parse

_NAMED = re.compile(rb'"report"\s*:\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
_JWS = PyJWS(algorithms=["ES256"])
_ES256 = ec.ECDSA(hashes.SHA256())
# Bytes of each of the two numbers of a signature on P-256.
_COORDINATE = 32


@dataclass(frozen=True, slots=True)
class Envelope:
    """One pushed string with what could be read of it.

    `op` is None and `reason` set where it is no op, or none that can be believed. `report` is what it names, believed
    or not, so that the desk sees what arrived for a report. `fits` is the key (JWK) that its signature fits.
    """

    token: str
    sha256: str
    op: Op | None
    kid: str | None
    reason: str | None
    report: str | None = None
    fits: str | None = None

    @property
    def id(self) -> str:
        return self.op.id if self.op else f"sha256:{self.sha256}"


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(token: str) -> Envelope:
    """Read a pushed string without judging its signature. Never raises: what cannot be read is kept as it is."""
    digest = sha256_hex(token)
    try:
        header, body, _signature = token.split(".")
        kid = _header(header).get("kid")
        op = parse(_json(body))
    except BadOp as bad:
        return Envelope(token, digest, None, None, bad.reason, _report_of(token))
    except (ValueError, AttributeError, RecursionError):
        return Envelope(token, digest, None, None, "malformed", _report_of(token))
    return Envelope(token, digest, op, kid if isinstance(kid, str) else None, None, op.report)


def _report_of(token: str) -> str | None:
    """Find which report a string names that is otherwise no op, so that its readers see what came."""
    try:
        _header, body, _signature = token.split(".")
        found = _NAMED.search(_decode(body))
    except ValueError:
        return None
    return found[1].decode() if found else None


def _header(part: str) -> Any:
    """Read the header of a JWS; remembered, because every op of a device has the same. Not to be changed."""
    return _known_header(part) if len(part) <= _HEADER_LENGTH else _json(part)


# A device's own header has a third of this; what anybody may send is not kept in memory.
_HEADER_LENGTH = 512


@lru_cache(maxsize=4096)
def _known_header(part: str) -> Any:
    return _json(part)


def payload(token: str) -> dict[str, Any]:
    """Return the payload of a stored JWS. Raises ValueError where it holds none."""
    found: dict[str, Any] = _json(token.split(".")[1])
    return found


def readable_payload(token: str) -> dict[str, Any] | None:
    """Return the payload of a stored string, or None where it holds none: such a string is kept as well."""
    try:
        found = payload(token)
    except (ValueError, IndexError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _json(part: str) -> Any:
    """Read a part of a JWS. Numbers that JSON does not know (NaN, infinity) would break every reader: ValueError."""
    return _JSON.decode(_decode(part).decode("utf-8", "surrogatepass"))


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


_JSON = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


@lru_cache(maxsize=4096)
def public_key(jwk: str) -> ec.EllipticCurvePublicKey:
    """Return the key of a JWK (JSON text); cached, because a phone's ops come in batches."""
    key = jwt.PyJWK.from_json(jwk, algorithm="ES256").key
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - the enrolment took P-256 keys only
    return key


def signature_fits(token: str, jwk: str) -> bool:
    """Tell whether the compact JWS was signed by the key with ES256 (RFC 7518 §3.4), whatever else its header says."""
    signed, _, signature = token.rpartition(".")
    try:
        header = _header(signed.partition(".")[0])
        raw = _decode(signature)
        if header.get("alg") != "ES256" or "crit" in header or len(raw) != 2 * _COORDINATE:
            return False
        r, s = (int.from_bytes(part, "big") for part in (raw[:_COORDINATE], raw[_COORDINATE:]))
        public_key(jwk).verify(encode_dss_signature(r, s), signed.encode(), _ES256)
    except (InvalidSignature, ValueError, AttributeError):
        return False
    return True


class ServerKey:
    """The server's own signing key, from a PEM file that is made on the first start."""

    def __init__(self, path: Path):
        if not path.exists():
            _make(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path.name} holds no EC P-256 key")
        self._key = key
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
        self.jwk: dict[str, Any] = {part: jwk[part] for part in ("kty", "crv", "x", "y")}
        # RFC 7638 thumbprint: the members in lexical order, without spaces.
        thumb = json.dumps({part: jwk[part] for part in ("crv", "kty", "x", "y")}, separators=(",", ":"))
        self.kid = sha256_hex(thumb)[:32]

    def sign(self, statement: dict[str, Any]) -> str:
        """Return the compact JWS of a statement."""
        payload = json.dumps(statement, separators=(",", ":"), ensure_ascii=False).encode()
        header = {"kid": self.kid, "typ": "holdfast-statement+jws"}
        return _JWS.encode(payload, self._key, algorithm="ES256", headers=header)


def _make(path: Path) -> None:
    """Write a new key. O_EXCL lets one of several starting processes win; the others read what it wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
