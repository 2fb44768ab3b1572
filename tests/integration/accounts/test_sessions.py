"""Signing in, rotating, signing out, and the end of a session on the next request."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from demo.phone import Phone
from server.accounts import passwords, service
from server.accounts.models import RefreshToken
from server.config import Settings
from server.db import db, unit_of_work
from tests.integration.accounts.sessions import SignIn, bearer, cookie, open_session, refresh
from tests.support.cast import Cast


def test_a_session_opens_with_name_and_password(client: FlaskClient, cast: Cast) -> None:
    answer = open_session(client, replace(cast.officer, username=" OFFICER "))
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
    assert client.get("/api/users/me", headers=bearer(answer)).json == answer.json["user"]


def test_the_refresh_token_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient, cast: Cast) -> None:
    """DESIGN §7: rotating refresh in an HttpOnly cookie; nothing of it in the body."""
    answer = open_session(client, cast.officer)
    header = answer.headers["Set-Cookie"]
    assert all(part in header for part in ("HttpOnly", "SameSite=Strict", "Path=/api/session"))
    assert cookie(client) not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_database_holds_neither_password_nor_refresh_token(client: FlaskClient, cast: Cast) -> None:
    open_session(client, cast.officer)
    user = service.find(db.session(), cast.officer.id)
    assert user.password_hash.startswith("$argon2id$")
    stored = [row.token_sha256 for row in db.session.query(RefreshToken)]
    assert len(stored) == 1
    assert cookie(client) not in stored[0]


def test_in_production_the_cookie_never_travels_unencrypted(settings: Settings, cast: Cast) -> None:
    from server.app import create_app

    app = create_app(replace(settings, public_url="https://holdfast.example"))
    with app.app_context():
        assert "Secure" in open_session(app.test_client(), cast.officer).headers["Set-Cookie"]
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
    assert open_session(client, cast.officer).status_code == 200
    assert "m=64,t=1" in service.find(db.session(), cast.officer.id).password_hash
    assert open_session(client, cast.officer).status_code == 200


def test_a_suspended_account_learns_so_only_with_the_right_password(client: FlaskClient, cast: Cast) -> None:
    assert open_session(client, cast.suspended).json["code"] == "account_suspended"
    assert open_session(client, cast.suspended, "wrong").json["code"] == "bad_credentials"


def test_refresh_rotates(client: FlaskClient, cast: Cast) -> None:
    open_session(client, cast.officer)
    before = cookie(client)
    answer = client.post("/api/session/refresh")
    assert answer.status_code == 200
    assert cookie(client) != before
    assert client.get("/api/users/me", headers=bearer(answer)).status_code == 200


def test_a_refresh_token_used_twice_ends_its_whole_family(app: Flask, client: FlaskClient, cast: Cast) -> None:
    """RFC 9700 §4.14.2: whoever of the two is the thief, both are out; other sessions of the account go on."""
    elsewhere = app.test_client()
    open_session(elsewhere, cast.officer)
    open_session(client, cast.officer)
    stolen = cookie(client)
    renewed = client.post("/api/session/refresh")
    again = refresh(app, stolen)
    assert (again.status_code, again.json["code"], again.json["retry"]) == (401, "login_required", "after_login")
    assert client.post("/api/session/refresh").status_code == 401
    assert client.get("/api/users/me", headers=bearer(renewed)).status_code == 401
    assert elsewhere.post("/api/session/refresh").status_code == 200


@pytest.mark.parametrize("token", ["", "made-up"])
def test_a_made_up_refresh_token_opens_nothing(app: Flask, cast: Cast, token: str) -> None:
    assert refresh(app, token).json["code"] == "login_required"


def test_access_ends_after_fifteen_minutes_and_the_session_after_two_weeks(client: FlaskClient, cast: Cast) -> None:
    with time_machine.travel("2026-11-23T21:14:00Z", tick=False) as clock:
        answer = open_session(client, cast.officer)
        token = cookie(client)
        clock.shift(899)
        assert client.get("/api/users/me", headers=bearer(answer)).status_code == 200
        clock.shift(2)
        late = client.get("/api/users/me", headers=bearer(answer))
        assert (late.status_code, late.json["retry"]) == (401, "after_login")
        clock.shift(14 * 86400)
        assert refresh(client.application, token).status_code == 401


def test_signing_out_ends_the_access_token_too(app: Flask, client: FlaskClient, cast: Cast) -> None:
    """P9: a revocation acts on the next request, not fifteen minutes later."""
    answer = open_session(client, cast.officer)
    token = cookie(client)
    assert client.delete("/api/session").status_code == 204
    assert client.get_cookie("refresh", path="/api/session") is None
    assert client.get("/api/users/me", headers=bearer(answer)).status_code == 401
    assert refresh(app, token).status_code == 401
    assert client.delete("/api/session").status_code == 204


def test_changing_the_password_ends_every_other_session(app: Flask, client: FlaskClient, cast: Cast) -> None:
    elsewhere = app.test_client()
    other = open_session(elsewhere, cast.officer)
    mine = open_session(client, cast.officer)
    new = "plain lake window seven"
    given = {"current": cast.officer.password, "new": new}
    assert client.post("/api/session/password", json=given, headers=bearer(mine)).status_code == 204
    assert client.get("/api/users/me", headers=bearer(mine)).status_code == 200
    assert client.get("/api/users/me", headers=bearer(other)).status_code == 401
    assert elsewhere.post("/api/session/refresh").status_code == 401
    assert open_session(client, cast.officer).status_code == 401
    assert open_session(client, cast.officer, new).status_code == 200


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
    answer = open_session(client, cast.officer)
    given = {"current": current or cast.officer.password, "new": new}
    refused = client.post("/api/session/password", json=given, headers=bearer(answer))
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert open_session(client, cast.officer).status_code == 200


def test_a_one_time_password_asks_to_be_changed_until_it_is(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    reset = client.post(f"/api/users/{cast.officer.id}/password-reset", headers=sign_in(cast.admin))
    answer = open_session(client, cast.officer, reset.json["password"])
    assert answer.json["user"]["must_change_password"]
    given = {"current": reset.json["password"], "new": "plain lake window seven"}
    client.post("/api/session/password", json=given, headers=bearer(answer))
    assert not client.get("/api/users/me", headers=bearer(answer)).json["must_change_password"]


@pytest.mark.parametrize("who", ["officer", "desk", "auditor"])
def test_p9_a_one_time_password_opens_nothing_but_its_change(
    client: FlaskClient, cast: Cast, sign_in: SignIn, who: str
) -> None:
    """Whoever made the password knows it, and must not read in somebody else's name."""
    member = getattr(cast, who)
    reset = client.post(f"/api/users/{member.id}/password-reset", headers=sign_in(cast.admin))
    answer = open_session(client, member, reset.json["password"])
    own = {
        "officer": [("GET", "/api/pull"), ("POST", "/api/push"), ("POST", "/api/devices"), ("POST", "/api/uploads")],
        "desk": [("GET", "/api/pull"), ("GET", "/api/poke"), ("GET", "/api/holds"), ("GET", "/api/devices")],
        "auditor": [("GET", "/api/users"), ("GET", "/api/audit")],
    }
    for method, path in [*own[who], ("GET", "/api/catalog")]:
        refused = client.open(path, method=method, headers=bearer(answer), json={})
        assert (refused.status_code, refused.json["code"]) == (403, "password_change_required"), path
        assert refused.json["retry"] == "after_login"
    assert client.get("/api/users/me", headers=bearer(answer)).json["must_change_password"]
    given = {"current": reset.json["password"], "new": "plain lake window seven"}
    assert client.post("/api/session/password", json=given, headers=bearer(answer)).status_code == 204
    for method, path in own[who]:
        if method == "GET" and path != "/api/poke":
            assert client.get(path, headers=bearer(answer)).status_code == 200
    assert client.delete("/api/session", headers=bearer(answer)).status_code == 204


def test_p1_a_one_time_password_does_not_stop_the_device_from_delivering(
    client: FlaskClient, cast: Cast, sign_in: SignIn, phone_of: Callable[..., Phone]
) -> None:
    phone = phone_of(cast.officer)
    client.post(f"/api/users/{cast.officer.id}/password-reset", headers=sign_in(cast.admin))
    report = phone.new_id()
    phone.edit(report, {"address": "W 26th St"})
    assert phone.sign_in_to_deliver().push()["receipts"][0]["verdict"] == "applied"
