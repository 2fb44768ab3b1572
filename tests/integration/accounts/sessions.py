"""What the tests of sessions share: sign in, refresh, and what they carry."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.cast import Member

SignIn = Callable[[Member], dict[str, str]]


def open_session(client: FlaskClient, member: Member, password: str | None = None) -> TestResponse:
    return client.post("/api/session", json={"username": member.username, "password": password or member.password})


def bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("refresh", path="/api/session")
    assert found is not None
    return found.value


def refresh(app: Flask, token: str) -> TestResponse:
    other = app.test_client()
    other.set_cookie("refresh", token, path="/api/session")
    return other.post("/api/session/refresh")
