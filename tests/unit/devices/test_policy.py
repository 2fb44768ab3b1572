"""Keys and statements of devices, without a database."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.devices import policy
from server.devices.errors import BadAssertion, BadKey, DeviceClock

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime(2026, 11, 23, 21, 14, tzinfo=UTC)
NONCE_KEY = b"only for tests"


def _jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    found: dict[str, str] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return found


def _signed(key: ec.EllipticCurvePrivateKey = KEY, kid: str = "phone", **changes: Any) -> str:
    claims = {"iss": "phone", "aud": "holdfast", "iat": NOW, "exp": NOW + timedelta(minutes=5), "jti": "12345678"}
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(kept, key, "ES256", {"kid": kid})


def _believe(assertion: str, now: datetime = NOW) -> policy.Assertion:
    return policy.believe(assertion, "phone", policy.public_jwk(_jwk(KEY)), now, NONCE_KEY)


def test_a_key_has_the_thumbprint_of_the_standard() -> None:
    """RFC 7638, with the key and thumbprint that RFC 9449 §6.1 gives."""
    jwk = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    known = base64.urlsafe_b64decode("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I=").hex()
    assert policy.thumbprint(policy.public_jwk(jwk)) == known


def test_members_that_browsers_add_to_a_key_are_left_out() -> None:
    assert policy.public_jwk({**_jwk(KEY), "ext": True, "key_ops": ["verify"]}) == policy.public_jwk(_jwk(KEY))


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"d": "c2VjcmV0"},
        {"x": None},
        {"x": 5},
        {"x": "AAAA"},
        {"y": "A" * 43},
        {"x": "\u00e9" * 43},
    ],
)
def test_what_is_no_public_p256_key_is_not_enrolled(change: dict[str, object]) -> None:
    """Rule: a private part never reaches the server's tables, nor does a point off the curve."""
    with pytest.raises(BadKey):
        policy.public_jwk({**_jwk(KEY), **change})


def test_a_statement_of_the_enrolled_key_is_believed() -> None:
    assert policy.claimed_device(_signed()) == "phone"
    assert _believe(_signed()) == policy.Assertion("phone", "12345678")


@pytest.mark.parametrize(
    "assertion",
    [
        _signed(ec.generate_private_key(ec.SECP256R1())),
        _signed(iss="other"),
        _signed(aud="other"),
        _signed(jti=None),
        _signed(jti="short"),
        _signed(jti="x" * 129),
        _signed(exp=None),
        _signed(iat=None),
        _signed(exp=NOW + timedelta(minutes=6)),
        _signed(exp=NOW - timedelta(minutes=1)),
        _signed(iat="yesterday"),
        _signed(exp=1e300),
        "garbage",
    ],
)
def test_other_statements_are_not(assertion: str) -> None:
    """P9: only the device's own, short-lived, unmistakable statement delivers."""
    with pytest.raises(BadAssertion):
        _believe(assertion)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_only_es256_names_a_device(algorithm: str) -> None:
    secret = None if algorithm == "none" else "x" * 40
    with pytest.raises(BadAssertion):
        policy.claimed_device(jwt.encode({"iss": "phone"}, secret, algorithm, {"kid": "phone"}))


@pytest.mark.parametrize("off", [timedelta(hours=-25), timedelta(hours=25)])
def test_a_clock_in_the_wrong_time_zone_still_delivers(off: timedelta) -> None:
    """P10, wrong clocks: a phone set by hand is off by hours."""
    assert _believe(_signed(iat=NOW + off, exp=NOW + off + timedelta(minutes=5)))


@pytest.mark.parametrize("clock", [datetime(1970, 1, 2, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)])
def test_a_clock_that_is_years_off_delivers_with_the_nonce_it_is_given(clock: datetime) -> None:
    """P10, clocks decide nothing: the refusal carries what makes the next try independent of the clock."""
    times = {"iat": clock, "exp": clock + timedelta(minutes=5)}
    with pytest.raises(DeviceClock) as refused:
        _believe(_signed(**times))
    assert _believe(_signed(**times, nonce=refused.value.extra["nonce"]))


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-1)])
def test_a_nonce_is_of_now_or_worth_nothing(age: timedelta) -> None:
    nonce = policy.make_nonce(NONCE_KEY, NOW - age)
    with pytest.raises(DeviceClock):
        _believe(_signed(nonce=nonce))


@pytest.mark.parametrize("nonce", ["", "1.2", f"{int(NOW.timestamp())}.{'0' * 64}", 7, "²." + "0" * 64])
def test_a_made_up_nonce_is_worth_nothing(nonce: object) -> None:
    with pytest.raises(DeviceClock):
        _believe(_signed(nonce=nonce))
