"""The catalog over HTTP: for whoever is signed in, and only when it changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo.phone import Phone
from server.catalog.schemas import CatalogOut
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]


@pytest.mark.parametrize("who", ["officer", "desk", "admin"])
def test_whoever_is_signed_in_gets_the_catalog(client: FlaskClient, cast: Cast, sign_in: SignIn, who: str) -> None:
    found = client.get("/api/catalog", headers=sign_in(getattr(cast, who)))
    assert found.status_code == 200
    assert CatalogOut().validate(found.json) == {}
    assert found.json["forms"][0]["id"] == "incident"


@pytest.mark.parametrize("mode", ["test", "demo"])
def test_a_demonstration_says_that_it_is_one(
    app: Flask, client: FlaskClient, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    headers = sign_in(cast.officer)
    ordinary = client.get("/api/catalog", headers=headers).headers["ETag"]
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], mode=mode))
    found = client.get("/api/catalog", headers={**headers, "If-None-Match": ordinary})
    if mode == "demo":
        assert found.json["demonstration"] is True
    else:
        assert found.status_code == 304


def test_a_present_copy_is_not_sent_again(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    headers = sign_in(cast.officer)
    first = client.get("/api/catalog", headers=headers)
    again = client.get("/api/catalog", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get("/api/catalog", headers={**headers, "If-None-Match": '"older"'})
    assert other.data == first.data


def test_p9_nobody_else_gets_it(client: FlaskClient, cast: Cast, phone_of: Callable[[Member], Phone]) -> None:
    assert client.get("/api/catalog").status_code == 401
    token = phone_of(cast.officer).sign_in_to_deliver().token
    refused = client.get("/api/catalog", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
