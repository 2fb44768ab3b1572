"""Signing in, rotating, signing out, and the end of a session on the next request."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.accounts import passwords, service
from server.accounts.models import RefreshToken, UserAccount
from server.config import Settings
from server.db import db, unit_of_work
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]


def _open(client: FlaskClient, member: Member, password: str | None = None) -> TestResponse:
    return client.post("/api/session", json={"username": member.username, "password": password or member.password})


def _bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def _cookie(client: FlaskClient) -> str:
    found = client.get_cookie("refresh", path="/api/session")
    assert found is not None
    return found.value


def _refresh(app: Flask, token: str) -> TestResponse:
    other = app.test_client()
    other.set_cookie("refresh", token, path="/api/session")
    return other.post("/api/session/refresh")


def test_a_session_opens_with_name_and_password(client: FlaskClient, cast: Cast) -> None:
    answer = _open(client, replace(cast.officer, username=" OFFICER "))
    assert answer.status_code == 200
    assert answer.json["expires_in"] == 900
    assert answer.json["user"] == {
        "id": cast.officer.id,
        "username": "officer",
        "display_name": "Olive Officer",
        "star": "12345",
        "district": "010",
        "role": "officer",
        "grants": [],
        "active": True,
        "must_change_password": False,
    }
    assert client.get("/api/users/me", headers=_bearer(answer)).json == answer.json["user"]


def test_the_refresh_token_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient, cast: Cast) -> None:
    """DESIGN §7: rotating refresh in an HttpOnly cookie; nothing of it in the body."""
    answer = _open(client, cast.officer)
    header = answer.headers["Set-Cookie"]
    assert all(part in header for part in ("HttpOnly", "SameSite=Strict", "Path=/api/session"))
    assert _cookie(client) not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_database_holds_neither_password_nor_refresh_token(client: FlaskClient, cast: Cast) -> None:
    _open(client, cast.officer)
    user = service.find(db.session(), cast.officer.id)
    assert user.password_hash.startswith("$argon2id$")
    stored = [row.token_sha256 for row in db.session.query(RefreshToken)]
    assert len(stored) == 1
    assert _cookie(client) not in stored[0]


def test_in_production_the_cookie_never_travels_unencrypted(settings: Settings, cast: Cast) -> None:
    from server.app import create_app

    app = create_app(replace(settings, public_url="https://holdfast.example"))
    with app.app_context():
        assert "Secure" in _open(app.test_client(), cast.officer).headers["Set-Cookie"]
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(("username", "password"), [("officer", "wrong"), ("nobody", "wrong"), ("officer", "x" * 1024)])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    client: FlaskClient, cast: Cast, username: str, password: str
) -> None:
    """Rule: names cannot be found out by trying."""
    answer = client.post("/api/session", json={"username": username, "password": password})
    assert (answer.status_code, answer.json["code"]) == (401, "bad_credentials")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("username", ["officer", "nobody", "suspended"])
def test_an_unknown_name_costs_the_same_work(
    client: FlaskClient, cast: Cast, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule: time tells no names. One hash of one cost is computed for each, and the same rows are written."""
    passwords._nobody("test")
    costs: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hash: str, password: str) -> bool:
        costs.append(hash.split("$")[3])
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    client.post("/api/session", json={"username": username, "password": "wrong"})
    assert costs == ["m=64,t=1,p=1"]


def test_production_hashes_cost_what_the_rfc_recommends() -> None:
    """RFC 9106 §4, second recommended option: 64 MiB, three passes."""
    hasher = passwords._hasher("production")
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost) == ("ID", 65536, 3)


def test_a_hash_of_older_cost_is_made_anew_at_sign_in(client: FlaskClient, cast: Cast) -> None:
    with unit_of_work(None) as uow:
        old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(cast.officer.password)
        service.find(uow.session, cast.officer.id).password_hash = old
    assert _open(client, cast.officer).status_code == 200
    assert "m=64,t=1" in service.find(db.session(), cast.officer.id).password_hash
    assert _open(client, cast.officer).status_code == 200


def test_a_suspended_account_learns_so_only_with_the_right_password(client: FlaskClient, cast: Cast) -> None:
    assert _open(client, cast.suspended).json["code"] == "account_suspended"
    assert _open(client, cast.suspended, "wrong").json["code"] == "bad_credentials"


def test_refresh_rotates(client: FlaskClient, cast: Cast) -> None:
    _open(client, cast.officer)
    before = _cookie(client)
    answer = client.post("/api/session/refresh")
    assert answer.status_code == 200
    assert _cookie(client) != before
    assert client.get("/api/users/me", headers=_bearer(answer)).status_code == 200


def test_a_refresh_token_used_twice_ends_its_whole_family(app: Flask, client: FlaskClient, cast: Cast) -> None:
    """RFC 9700 §4.14.2: whoever of the two is the thief, both are out; other sessions of the account go on."""
    elsewhere = app.test_client()
    _open(elsewhere, cast.officer)
    _open(client, cast.officer)
    stolen = _cookie(client)
    renewed = client.post("/api/session/refresh")
    again = _refresh(app, stolen)
    assert (again.status_code, again.json["code"], again.json["retry"]) == (401, "login_required", "after_login")
    assert client.post("/api/session/refresh").status_code == 401
    assert client.get("/api/users/me", headers=_bearer(renewed)).status_code == 401
    assert elsewhere.post("/api/session/refresh").status_code == 200


@pytest.mark.parametrize("token", ["", "made-up"])
def test_a_made_up_refresh_token_opens_nothing(app: Flask, cast: Cast, token: str) -> None:
    assert _refresh(app, token).json["code"] == "login_required"


def test_access_ends_after_fifteen_minutes_and_the_session_after_two_weeks(client: FlaskClient, cast: Cast) -> None:
    with time_machine.travel("2026-11-23T21:14:00Z", tick=False) as clock:
        answer = _open(client, cast.officer)
        token = _cookie(client)
        clock.shift(899)
        assert client.get("/api/users/me", headers=_bearer(answer)).status_code == 200
        clock.shift(2)
        late = client.get("/api/users/me", headers=_bearer(answer))
        assert (late.status_code, late.json["retry"]) == (401, "after_login")
        clock.shift(14 * 86400)
        assert _refresh(client.application, token).status_code == 401


def test_signing_out_ends_the_access_token_too(app: Flask, client: FlaskClient, cast: Cast) -> None:
    """P9: a revocation acts on the next request, not fifteen minutes later."""
    answer = _open(client, cast.officer)
    token = _cookie(client)
    assert client.delete("/api/session").status_code == 204
    assert client.get_cookie("refresh", path="/api/session") is None
    assert client.get("/api/users/me", headers=_bearer(answer)).status_code == 401
    assert _refresh(app, token).status_code == 401
    assert client.delete("/api/session").status_code == 204


def test_changing_the_password_ends_every_other_session(app: Flask, client: FlaskClient, cast: Cast) -> None:
    elsewhere = app.test_client()
    other = _open(elsewhere, cast.officer)
    mine = _open(client, cast.officer)
    new = "plain lake window seven"
    given = {"current": cast.officer.password, "new": new}
    assert client.post("/api/session/password", json=given, headers=_bearer(mine)).status_code == 204
    assert client.get("/api/users/me", headers=_bearer(mine)).status_code == 200
    assert client.get("/api/users/me", headers=_bearer(other)).status_code == 401
    assert elsewhere.post("/api/session/refresh").status_code == 401
    assert _open(client, cast.officer).status_code == 401
    assert _open(client, cast.officer, new).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "status", "code"),
    [
        ("wrong", "plain lake window seven", 403, "wrong_password"),
        (None, "too short", 400, "weak_password"),
        (None, "chicagopolice", 400, "weak_password"),
        (None, "olive officer 1", 400, "weak_password"),
    ],
)
def test_a_bad_password_change_changes_nothing(
    client: FlaskClient, cast: Cast, current: str | None, new: str, status: int, code: str
) -> None:
    answer = _open(client, cast.officer)
    given = {"current": current or cast.officer.password, "new": new}
    refused = client.post("/api/session/password", json=given, headers=_bearer(answer))
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert _open(client, cast.officer).status_code == 200


def test_a_one_time_password_asks_to_be_changed_until_it_is(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    reset = client.post(f"/api/users/{cast.officer.id}/password-reset", headers=sign_in(cast.admin))
    answer = _open(client, cast.officer, reset.json["password"])
    assert answer.json["user"]["must_change_password"]
    given = {"current": reset.json["password"], "new": "plain lake window seven"}
    client.post("/api/session/password", json=given, headers=_bearer(answer))
    assert not client.get("/api/users/me", headers=_bearer(answer)).json["must_change_password"]


@pytest.mark.parametrize("deed", ["suspend", "password-reset"])
def test_a_deed_of_the_admin_acts_on_the_very_next_request(
    client: FlaskClient, cast: Cast, sign_in: SignIn, deed: str
) -> None:
    """P9: a revocation acts on the next request."""
    admin = sign_in(cast.admin)
    answer = _open(client, cast.officer)
    assert client.get("/api/users/me", headers=_bearer(answer)).status_code == 200
    assert client.post(f"/api/users/{cast.officer.id}/{deed}", headers=admin).status_code == 200
    assert client.get("/api/users/me", headers=_bearer(answer)).status_code == 401
    assert client.post("/api/session/refresh").status_code == 401


def test_a_reactivated_account_signs_in_anew(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    old = _open(client, cast.officer)
    client.post(f"/api/users/{cast.officer.id}/suspend", headers=admin)
    client.post(f"/api/users/{cast.officer.id}/reactivate", headers=admin)
    assert client.get("/api/users/me", headers=_bearer(old)).status_code == 401
    assert _open(client, cast.officer).status_code == 200


def test_a_changed_role_acts_on_the_very_next_request(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """P9: what an account may do is read anew on each request."""
    second = _open(client, cast.auditor)
    assert client.get("/api/users", headers=_bearer(second)).status_code == 200
    change = {"role": "desk", "district": "010"}
    client.patch(f"/api/users/{cast.auditor.id}", json=change, headers=sign_in(cast.admin))
    assert client.get("/api/users", headers=_bearer(second)).status_code == 403


def test_expired_tokens_do_not_pile_up(client: FlaskClient, cast: Cast) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z"):
        _open(client, cast.officer)
    _open(client, cast.officer)
    assert db.session.query(RefreshToken).count() == 1


def test_the_account_of_a_session_cannot_be_deleted(app: Flask, cast: Cast) -> None:
    """P1: who wrote an op stays known; accounts are suspended, never deleted."""
    assert db.session.query(UserAccount).count() == len(cast.everyone())
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/users")]
    assert rules
    assert not any("DELETE" in (rule.methods or set()) for rule in rules)


def test_sessions_and_suspensions_at_the_same_moment_wait_for_one_another(app: Flask, cast: Cast) -> None:
    """P9: a suspension that meets a refresh or a sign-out of the same account waits its turn, and never fails."""
    stop, statuses, failures = threading.Event(), set[int](), list[BaseException]()

    def use() -> None:
        client = app.test_client()
        while not stop.is_set():
            statuses.add(_open(client, cast.officer).status_code)
            statuses.update(client.post("/api/session/refresh").status_code for _ in range(3))
            statuses.add(client.delete("/api/session").status_code)

    def suspend() -> None:
        with app.app_context():
            try:
                for _ in range(25):
                    for deed in (service.suspend, service.reactivate):
                        with unit_of_work(None) as uow:
                            deed(uow, cast.officer.id)
            except BaseException as failed:
                failures.append(failed)
            finally:
                stop.set()
                db.session.remove()

    threads = [threading.Thread(target=each) for each in (use, use, suspend)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    # A right password that meets a suspension may count as a failure, and so bring the brake in.
    assert statuses <= {200, 204, 401, 403, 429}
