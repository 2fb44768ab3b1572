"""The brake on guessing passwords."""

import threading
from collections import Counter
from dataclasses import dataclass

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.accounts.models import SignInBrake
from server.db import db
from tests.support.cast import Cast

HERE, THERE = "192.0.2.1", "192.0.2.2"


@dataclass
class Caller:
    """Somebody at one address."""

    client: FlaskClient
    address: str

    def attempt(self, username: str, password: str) -> TestResponse:
        given = {"username": username, "password": password}
        return self.client.post("/api/session", json=given, environ_base={"REMOTE_ADDR": self.address})

    def fail(self, times: int, username: str = "officer") -> list[int]:
        return [self.attempt(username, "wrong").status_code for _ in range(times)]


@pytest.fixture
def stranger(client: FlaskClient) -> Caller:
    return Caller(client, THERE)


@pytest.fixture
def officer(client: FlaskClient) -> Caller:
    return Caller(client, HERE)


def test_after_five_failures_even_the_right_password_waits(stranger: Caller, cast: Cast) -> None:
    """Rule: lock-out after five failures."""
    assert stranger.fail(5) == [401] * 5
    refused = stranger.attempt("officer", cast.officer.password)
    assert (refused.status_code, refused.json["code"], refused.json["retry"]) == (429, "too_many_attempts", "backoff")
    assert 0 < int(refused.headers["Retry-After"]) <= 30
    assert refused.json["retry_after"] == int(refused.headers["Retry-After"])
    assert f"Wait {refused.json['retry_after']} second" in refused.json["detail"]


def test_a_stranger_cannot_lock_an_officer_out(stranger: Caller, officer: Caller, cast: Cast) -> None:
    """DESIGN §7: lock after five failures without letting a stranger lock an officer out."""
    stranger.fail(8)
    assert officer.attempt("officer", cast.officer.password).status_code == 200
    assert stranger.attempt("officer", cast.officer.password).status_code == 429
    assert stranger.attempt("partner", cast.partner.password).status_code == 200


def test_a_success_forgets_the_failures(officer: Caller, cast: Cast) -> None:
    officer.fail(4)
    assert officer.attempt("officer", cast.officer.password).status_code == 200
    assert officer.fail(4) == [401] * 4
    assert officer.attempt("officer", cast.officer.password).status_code == 200


def test_each_further_failure_doubles_the_wait_up_to_an_hour(stranger: Caller, cast: Cast) -> None:
    with time_machine.travel("2026-11-23T21:14:00Z", tick=False) as clock:
        stranger.fail(5)
        waits = []
        for _ in range(9):
            refused = stranger.attempt("officer", "wrong")
            waits.append(int(refused.headers["Retry-After"]))
            clock.shift(waits[-1])
            assert stranger.attempt("officer", "wrong").status_code == 401
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_waiting_does_not_lengthen_the_wait(stranger: Caller, cast: Cast) -> None:
    with time_machine.travel("2026-11-23T21:14:00Z", tick=False) as clock:
        stranger.fail(50)
        clock.shift(30)
        assert stranger.attempt("officer", cast.officer.password).status_code == 200


def test_failures_are_forgotten_after_a_day(stranger: Caller, cast: Cast) -> None:
    with time_machine.travel("2026-11-23T21:14:00Z", tick=False) as clock:
        stranger.fail(4)
        clock.shift(24 * 3600 + 1)
        assert stranger.fail(4) == [401] * 4
        assert db.session.query(SignInBrake).one().failures == 4


def test_unknown_names_are_braked_alike(stranger: Caller, cast: Cast) -> None:
    """Rule: names cannot be found out by trying."""
    assert stranger.fail(6, "nobody") == stranger.fail(6, "officer") == [401] * 5 + [429]


def test_a_stolen_session_is_no_way_around_the_brake(officer: Caller, cast: Cast) -> None:
    """Rule: asking for the current password counts as trying it."""
    token = officer.attempt("officer", cast.officer.password).json["access_token"]
    given = {"current": "wrong", "new": "plain lake window seven"}
    headers = {"Authorization": f"Bearer {token}"}
    found = [officer.client.post("/api/session/password", json=given, headers=headers).status_code for _ in range(6)]
    assert found == [403] * 5 + [429]


def test_parallel_guesses_get_no_more_tries(app: Flask, cast: Cast) -> None:
    """Rule: a try is counted before the password is looked at."""
    statuses: list[int] = []
    start = threading.Barrier(12)

    def guess() -> None:
        start.wait()
        statuses.append(Caller(app.test_client(), THERE).attempt("officer", "wrong").status_code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Counter(statuses) == {401: 5, 429: 7}
