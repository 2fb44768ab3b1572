"""Text that hurts databases and encoders gets a problem document, never a 500 (DESIGN §8)."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from demo.phone import Phone
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]
PhoneOf = Callable[..., Phone]
HOSTILE = ["a\0b", "a\ud800b", "a\u202eb", "a\x1bb", "ﷺ" * 100, "'; --", "%s{0}"]
ID_LIKE = ["a\0b", "a\x1bb", "x" * 300, "ﷺ", "'; --", "%s{0}"]


def _refused(answer: TestResponse, *statuses: int) -> None:
    assert answer.status_code in statuses
    assert answer.content_type == "application/problem+json"


def _post(client: FlaskClient, path: str, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
    # json.dumps writes a lone surrogate as an escape, as a hostile client would.
    return client.post(path, data=json.dumps(body), content_type="application/json", headers=headers)


def test_sign_in(client: FlaskClient, cast: Cast) -> None:
    for text in HOSTILE:
        _refused(_post(client, "/api/session", {"username": text, "password": "wrong"}), 401, 429)
        _refused(_post(client, "/api/session", {"username": "officer", "password": text}), 401, 429)


def test_a_password_of_any_signs_can_be_chosen_and_used(client: FlaskClient, cast: Cast) -> None:
    password = cast.officer.password
    for text in HOSTILE:
        opened = _post(client, "/api/session", {"username": "officer", "password": password})
        headers, new = {"Authorization": f"Bearer {opened.json['access_token']}"}, f"plain lake {text} window"
        chosen = _post(client, "/api/session/password", {"current": password, "new": new}, headers)
        assert chosen.status_code == (204 if len(new) <= 256 else 400)
        password = new if chosen.status_code == 204 else password


@pytest.mark.parametrize("field", ["username", "display_name", "role", "star", "district", "grants"])
def test_accounts(client: FlaskClient, cast: Cast, sign_in: SignIn, field: str) -> None:
    admin = sign_in(cast.admin)
    for place, text in enumerate(HOSTILE):
        new: dict[str, Any] = {"username": f"nora{place}", "display_name": "Nora", "role": "officer"}
        new |= {"star": f"7{place}", "district": "010", field: [text] if field == "grants" else text}
        printable = field == "display_name" and text.isprintable() and len(text) <= 120
        assert _post(client, "/api/users", new, admin).status_code == (201 if printable else 400)


def test_addresses(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    for at in map(quote, ID_LIKE):
        for deed in ("suspend", "reactivate", "password-reset"):
            _refused(client.post(f"/api/users/{at}/{deed}", headers=admin), 404)
        _refused(client.patch(f"/api/users/{at}", json={}, headers=admin), 404)
        _refused(client.post(f"/api/devices/{at}/revoke", headers=admin), 404)


def test_devices(client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn) -> None:
    jwk, headers = phone_of(cast.partner).public_jwk(), sign_in(cast.officer)
    for text in HOSTILE:
        _refused(_post(client, "/api/devices", {"name": "x", "public_jwk": {**jwk, "x": text}}, headers), 400)
        named = _post(client, "/api/devices", {"name": text, "public_jwk": jwk}, headers)
        # The key is taken already, so that a name that may be used gets as far as that.
        assert named.status_code == (409 if text.isprintable() and len(text) <= 80 else 400)


def test_statements_of_devices(client: FlaskClient, cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    _header, claims, seal = phone.assertion().split(".")
    for text in HOSTILE:
        kid = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": text}).encode()).decode().rstrip("=")
        for assertion in (
            phone.assertion(jti=text + "\0" * 8),
            phone.assertion(nonce=text),
            f"{kid}.{claims}.{seal}",
            text,
        ):
            _refused(_post(client, "/api/devices/token", {"assertion": assertion}), 400, 401)


def test_bearer_tokens(client: FlaskClient, cast: Cast) -> None:
    for token in ("a b", "\xff", "....", "e30.e30.e30", "x" * 2000):
        _refused(client.get("/api/users/me", headers={"Authorization": f"Bearer {token}"}), 401)
        client.set_cookie("refresh", token, path="/api/session")
        _refused(client.post("/api/session/refresh"), 401)
        assert client.delete("/api/session").status_code == 204


@pytest.mark.parametrize("path", ["/api/session", "/api/devices/token"])
def test_bodies(client: FlaskClient, cast: Cast, path: str) -> None:
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"username": 1, "password": []}'):
        _refused(client.post(path, data=body, content_type="application/json"), 400)
