"""Signatures of ops: what an independent library signs fits; anything else about them does not."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from server.feed import signing
from server.feed.signing import read, signature_fits

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def jwk(key: ec.EllipticCurvePrivateKey) -> str:
    return str(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))


def signed(payload: dict[str, Any], key: Any = KEY, algorithm: str = "ES256", **headers: Any) -> str:
    return jwt.encode(payload, key, algorithm, {"kid": "device", **headers})


def coded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_what_a_jose_library_signs_fits(payload: dict[str, Any]) -> None:
    assert signature_fits(signed(payload), jwk(KEY))


def test_another_key_does_not_fit() -> None:
    assert not signature_fits(signed({"a": "b"}), jwk(OTHER))


@settings(max_examples=100)
@given(st.data())
def test_one_changed_character_does_not_fit(data: st.DataObject) -> None:
    token = signed({"words": "what was seen"})
    body = token.rindex(".")
    place = data.draw(st.integers(0, body - 1).filter(lambda at: token[at] != "."))
    letter = data.draw(st.sampled_from("ABCxyz019_-").filter(lambda found: found != token[place]))
    assert not signature_fits(token[:place] + letter + token[place + 1 :], jwk(KEY))


def signed_under(header: Any) -> str:
    """Sign truly, under a header that says something else."""
    body = f"{coded(header)}.{coded({'a': 'b'})}"
    r, s = decode_dss_signature(KEY.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{body}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def test_a_true_signature_under_a_plain_header_fits() -> None:
    assert signature_fits(signed_under({"alg": "ES256"}), jwk(KEY))


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256", "crit": ["exp"]}, {}, []])
def test_a_true_signature_under_a_header_that_asks_for_something_else_does_not_fit(header: Any) -> None:
    assert not signature_fits(signed_under(header), jwk(KEY))


def test_a_secret_made_of_the_public_key_does_not_fit() -> None:
    """The classic confusion of a public key with a shared secret."""
    assert not signature_fits(signed({"a": "b"}, "0" * 40, "HS256"), jwk(KEY))


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_reading_never_fails_and_keeps_the_very_string(token: str) -> None:
    found = read(token)
    assert (found.token, found.op, found.reason) == (token, None, "malformed")


def test_what_strangers_put_into_a_header_is_not_kept_in_memory() -> None:
    """P10: anybody may send strings with headers of any length; only those that devices make are remembered."""
    before = signing._known_header.cache_info().currsize
    for n in range(3):
        assert read(f"{coded({'alg': 'ES256', 'kid': str(n) * 1000})}.{coded({})}.x").reason == "newer_op_format"
    assert signing._known_header.cache_info().currsize == before
    read(signed({}, kid="one more"))
    assert signing._known_header.cache_info().currsize == before + 1
