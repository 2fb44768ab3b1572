"""Access tokens, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from server.accounts import tokens
from server.config import Settings
from server.problems import LoginRequired

SETTINGS = Settings(mode="test", secret_key="only-for-tests-0123456789-abcdefghijklm")
CLAIMS = tokens.Claims("someone", "full", "family", None)


def test_a_token_says_what_was_put_into_it() -> None:
    token, seconds = tokens.issue(SETTINGS, datetime.now(UTC), CLAIMS)
    assert (tokens.read(SETTINGS, token), seconds) == (CLAIMS, 900)


def test_a_token_ends_after_fifteen_minutes() -> None:
    token, _ = tokens.issue(SETTINGS, datetime.now(UTC) - timedelta(seconds=901), CLAIMS)
    with pytest.raises(LoginRequired):
        tokens.read(SETTINGS, token)


def _forged(**changes: object) -> dict[str, object]:
    now = datetime.now(UTC)
    good = {"sub": "someone", "scope": "full", "sid": "family", "aud": "holdfast-api", "exp": now + timedelta(hours=1)}
    return {**good, **changes}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        jwt.encode(_forged(), None, algorithm="none"),
        jwt.encode(_forged(), SETTINGS.secret_key, algorithm="HS256"),
        jwt.encode(_forged(), tokens.derived_key(SETTINGS, "device-nonce"), algorithm="HS256"),
        jwt.encode(_forged(aud="other"), tokens.derived_key(SETTINGS, "access-token"), algorithm="HS256"),
        jwt.encode(_forged(scope="root"), tokens.derived_key(SETTINGS, "access-token"), algorithm="HS256"),
    ],
    ids=["empty", "garbage", "unsigned", "raw secret", "key of another purpose", "other audience", "unknown scope"],
)
def test_forged_tokens_open_nothing(token: str) -> None:
    """P9: deny by default."""
    with pytest.raises(LoginRequired):
        tokens.read(SETTINGS, token)


def test_another_secret_ends_every_token() -> None:
    token, _ = tokens.issue(SETTINGS, datetime.now(UTC), CLAIMS)
    with pytest.raises(LoginRequired):
        tokens.read(replace(SETTINGS, secret_key="another-secret-0123456789-abcdefghijklm"), token)
