"""Access tokens: short-lived JWTs that say whose they are, from which session or device, and for what."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import jwt

from server.config import Settings
from server.problems import LoginRequired

Scope = Literal["full", "upload"]
_AUDIENCE = "holdfast-api"


@dataclass(frozen=True)
class Claims:
    """What an access token says: `sid` is the session's family, absent from a device's upload token."""

    user: str
    scope: Scope
    sid: str | None
    device: str | None


def derived_key(settings: Settings, purpose: str) -> bytes:
    """Derive one key a purpose from the secret, so that a value made for one is worthless for another."""
    return hmac.digest(settings.secret_key.encode(), f"holdfast/{purpose}".encode(), hashlib.sha256)


def issue(settings: Settings, now: datetime, claims: Claims) -> tuple[str, int]:
    """Return an access token and its life in seconds."""
    body = {
        "aud": _AUDIENCE,
        "sub": claims.user,
        "scope": claims.scope,
        "sid": claims.sid,
        "device": claims.device,
        "iat": now,
        "exp": now + timedelta(seconds=settings.access_seconds),
    }
    token = jwt.encode(body, derived_key(settings, "access-token"), algorithm="HS256")
    return token, settings.access_seconds


def read(settings: Settings, token: str) -> Claims:
    """Check an access token's signature, audience and age. Raises LoginRequired."""
    try:
        body = jwt.decode(
            token,
            derived_key(settings, "access-token"),
            algorithms=["HS256"],
            audience=_AUDIENCE,
            options={"require": ["sub", "scope", "exp", "aud"]},
        )
    except jwt.InvalidTokenError as bad:
        raise LoginRequired() from bad
    if body["scope"] not in ("full", "upload"):
        raise LoginRequired()
    return Claims(user=body["sub"], scope=body["scope"], sid=body.get("sid"), device=body.get("device"))
