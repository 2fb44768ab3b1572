"""Delivery on a device's signature alone: the upload-only token."""

import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from demo.phone import Phone
from server.db import db
from server.devices.models import SpentAssertion
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]
PhoneOf = Callable[..., Phone]


@pytest.fixture
def phone(cast: Cast, phone_of: PhoneOf) -> Phone:
    return phone_of(cast.officer)


def _ask(client: FlaskClient, assertion: str) -> TestResponse:
    return client.post("/api/devices/token", json={"assertion": assertion})


def _bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def _at(clock: datetime) -> dict[str, datetime]:
    return {"iat": clock, "exp": clock + timedelta(minutes=4)}


def test_a_device_delivers_without_a_session(client: FlaskClient, phone: Phone) -> None:
    """P10: an expired session never strands evidence."""
    answer = _ask(client, phone.assertion())
    assert (answer.status_code, answer.json["expires_in"], answer.json["revoked"]) == (200, 900, False)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    phone.token = answer.json["access_token"]
    assert [receipt["verdict"] for receipt in phone.push()["receipts"]] == ["applied"]


def test_the_token_delivers_and_nothing_else(app: Flask, client: FlaskClient, phone: Phone) -> None:
    """P9: reading needs a fresh login, on every route that there is."""
    headers = _bearer(_ask(client, phone.assertion()))
    open_to_it = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", str(uuid4()), rule.rule)
        permission = getattr(app.view_functions[rule.endpoint], "permission", None)
        if not path.startswith("/api") or permission == "public":
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if client.open(path, method=method, headers=headers).status_code not in (401, 403):
                open_to_it.add(rule.rule.split("/")[2])
    assert open_to_it == {"push", "uploads"}


def test_a_statement_works_once(client: FlaskClient, phone: Phone) -> None:
    """Rule: who overhears a statement cannot use it."""
    assertion = phone.assertion()
    assert _ask(client, assertion).status_code == 200
    again = _ask(client, assertion)
    assert (again.status_code, again.json["code"]) == (401, "assertion_spent")


def test_of_parallel_copies_one_works(app: Flask, phone: Phone) -> None:
    assertion, statuses, start = phone.assertion(), [], threading.Barrier(6)

    def ask() -> None:
        start.wait()
        statuses.append(_ask(app.test_client(), assertion).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Counter(statuses) == {200: 1, 401: 5}


def test_two_devices_may_choose_the_same_jti(client: FlaskClient, cast: Cast, phone: Phone, phone_of: PhoneOf) -> None:
    other = phone_of(cast.partner)
    assert _ask(client, phone.assertion(jti="12345678")).status_code == 200
    assert _ask(client, other.assertion(jti="12345678")).status_code == 200


def test_a_device_cannot_speak_for_another(client: FlaskClient, cast: Cast, phone: Phone, phone_of: PhoneOf) -> None:
    other = phone_of(cast.partner)
    phone.device = other.device
    answer = _ask(client, phone.assertion())
    assert (answer.status_code, answer.json["code"]) == (401, "bad_assertion")


@pytest.mark.parametrize("assertion", ["", "garbage", "a.b.c", "x" * 5000])
def test_garbage_is_refused(client: FlaskClient, cast: Cast, assertion: str) -> None:
    answer = _ask(client, assertion)
    assert answer.status_code in (400, 401)
    assert answer.content_type == "application/problem+json"


def test_an_unenrolled_device_is_refused_like_a_wrong_signature(client: FlaskClient, phone: Phone) -> None:
    phone.device = "018f0000-0000-7000-8000-000000000000"
    assert _ask(client, phone.assertion()).json["code"] == "bad_assertion"


@pytest.mark.parametrize("year", [1970, 2038])
def test_a_phone_with_a_wrong_clock_delivers_at_the_second_try(client: FlaskClient, phone: Phone, year: int) -> None:
    """P10, wrong clocks: the refusal holds a nonce that takes the clock's place."""
    clock = datetime(year, 1, 2, tzinfo=UTC)
    refused = _ask(client, phone.assertion(**_at(clock)))
    assert (refused.status_code, refused.json["code"], refused.json["retry"]) == (401, "device_clock", "backoff")
    assert _ask(client, phone.assertion(**_at(clock), nonce=refused.json["nonce"])).status_code == 200
    nonce = client.get("/api/devices/nonce").json
    assert nonce["expires_in"] == 300
    assertion = phone.assertion(**_at(clock), nonce=nonce["nonce"])
    assert _ask(client, assertion).status_code == 200
    assert _ask(client, assertion).json["code"] == "assertion_spent"


def test_a_spent_statement_is_remembered_for_as_long_as_it_could_be_believed(client: FlaskClient, phone: Phone) -> None:
    """Rule: one signed by a clock a day ahead is still refused a day later, and forgotten when it is of no use."""
    now = datetime(2026, 11, 23, 21, 14, tzinfo=UTC)
    with time_machine.travel(now, tick=False) as clock:
        assertion = phone.assertion(**_at(now + timedelta(hours=25)))
        assert _ask(client, assertion).status_code == 200
        clock.shift(timedelta(hours=51))
        assert _ask(client, assertion).json["code"] == "assertion_spent"
        clock.shift(timedelta(hours=2))
        assert _ask(client, assertion).json["code"] == "device_clock"
        assert _ask(client, phone.assertion(**_at(datetime.now(UTC)))).status_code == 200
        assert db.session.query(SpentAssertion).count() == 1


def test_a_revoked_device_still_delivers_and_learns_that_it_is_revoked(
    client: FlaskClient, cast: Cast, phone: Phone, sign_in: SignIn
) -> None:
    """DESIGN §4: a revoked device may still deliver, into quarantine, then wipes."""
    client.post(f"/api/devices/{phone.device}/revoke", headers=sign_in(cast.admin))
    answer = _ask(client, phone.assertion())
    assert (answer.status_code, answer.json["revoked"]) == (200, True)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    phone.token = answer.json["access_token"]
    assert [receipt["reason"] for receipt in phone.push()["receipts"]] == ["revoked_device"]


def test_a_suspended_account_delivers_nothing_until_it_is_reactivated(
    client: FlaskClient, cast: Cast, phone: Phone, sign_in: SignIn
) -> None:
    """P9: suspension acts on the next request; the phone keeps what is unsent and is told why."""
    admin = sign_in(cast.admin)
    before = _bearer(_ask(client, phone.assertion()))
    client.post(f"/api/users/{cast.officer.id}/suspend", headers=admin)
    assert client.post("/api/push", json={"ops": []}, headers=before).status_code == 401
    refused = _ask(client, phone.assertion())
    assert (refused.status_code, refused.json["retry"]) == (401, "after_login")
    client.post(f"/api/users/{cast.officer.id}/reactivate", headers=admin)
    assert _ask(client, phone.assertion()).status_code == 200
