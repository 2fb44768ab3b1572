"""Accounts: who may look after them, and what nobody may do."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.accounts import service
from server.accounts.errors import LastAdmin, NameTaken
from server.accounts.models import UserAccount
from server.db import db, unit_of_work
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]
NEW = {"username": "nora", "display_name": "Nora New", "role": "officer", "star": "77001", "district": "010"}


def test_an_admin_creates_an_officer_who_can_sign_in(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """The job, part 1: admin creates an officer with star number and district."""
    made = client.post("/api/users", json=NEW, headers=sign_in(cast.admin))
    assert made.status_code == 201
    assert {**NEW, "grants": [], "active": True, "must_change_password": True}.items() <= made.json["user"].items()
    given = {"username": "nora", "password": made.json["password"]}
    assert client.post("/api/session", json=given).json["user"]["id"] == made.json["user"]["id"]


def test_one_time_passwords_differ_and_are_shown_once(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    first = client.post("/api/users", json=NEW, headers=admin).json
    second = client.post(f"/api/users/{first['user']['id']}/password-reset", headers=admin).json
    assert len(first["password"]) >= 16
    assert first["password"] != second["password"]
    assert first["password"] not in client.get("/api/users", headers=admin).text
    given = {"username": "nora", "password": first["password"]}
    assert client.post("/api/session", json=given).status_code == 401


def test_the_list_shows_everybody_and_no_secret(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    answer = client.get("/api/users", headers=sign_in(cast.admin))
    users = answer.json["users"]
    assert [user["username"] for user in users] == sorted(member.username for member in cast.everyone())
    assert {user["username"] for user in users if not user["active"]} == {"suspended"}
    assert "argon2" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users"),
        ("POST", "/api/users"),
        ("PATCH", "/api/users/{id}"),
        ("POST", "/api/users/{id}/password-reset"),
        ("POST", "/api/users/{id}/suspend"),
        ("POST", "/api/users/{id}/reactivate"),
    ],
)
@pytest.mark.parametrize("who", ["officer", "desk", "supervisor"])
def test_only_admins_look_after_accounts(
    client: FlaskClient, cast: Cast, sign_in: SignIn, method: str, path: str, who: str
) -> None:
    """P9: deny by default; refused before the body is looked at, and nothing changes."""
    at = path.format(id=cast.partner.id)
    assert client.open(at, method=method, json={}).status_code == 401
    refused = client.open(at, method=method, json={}, headers=sign_in(getattr(cast, who)))
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert service.find(db.session(), cast.partner.id).active


@pytest.mark.parametrize("path", ["/api/pull", "/api/holds", "/api/reports/5b1c"])
def test_an_admin_reads_no_reports(client: FlaskClient, cast: Cast, sign_in: SignIn, path: str) -> None:
    """DESIGN §1: the admin cannot read reports."""
    assert client.get(path, headers=sign_in(cast.admin)).status_code in (403, 404)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "chief"},
        {"star": None},
        {"district": "10"},
        {"grants": ["mayor"]},
        {"username": "N"},
        {"display_name": "   "},
        {"password": "chosen by the admin"},
    ],
)
def test_a_malformed_account_is_refused(
    client: FlaskClient, cast: Cast, sign_in: SignIn, change: dict[str, Any]
) -> None:
    answer = client.post("/api/users", json={**NEW, **change}, headers=sign_in(cast.admin))
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert db.session.query(UserAccount).filter_by(star="77001").count() == 0


@pytest.mark.parametrize("change", [{"username": "Officer"}, {"star": "12345"}])
def test_a_name_or_star_of_somebody_else_is_refused(
    client: FlaskClient, cast: Cast, sign_in: SignIn, change: dict[str, str]
) -> None:
    answer = client.post("/api/users", json={**NEW, **change}, headers=sign_in(cast.admin))
    assert (answer.status_code, answer.json["code"]) == (409, "name_taken")


def test_accounts_change_in_part(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    at = f"/api/users/{cast.officer.id}"
    assert client.patch(at, json={"district": "012"}, headers=admin).json["district"] == "012"
    changed = client.patch(at, json={"display_name": "Olive  Other", "grants": ["auditor"]}, headers=admin).json
    assert (changed["display_name"], changed["grants"], changed["star"]) == ("Olive Other", ["auditor"], "12345")
    assert client.patch(at, json={"star": "12346"}, headers=admin).json["code"] == "name_taken"
    assert client.patch("/api/users/nobody", json={}, headers=admin).json["code"] == "not_found"


def test_nobody_raises_the_own_permissions(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """P9: an admin gets the auditor grant from another admin only."""
    admin = sign_in(cast.admin)
    at = f"/api/users/{cast.admin.id}"
    assert client.patch(at, json={"grants": ["auditor"]}, headers=admin).json["code"] == "own_account"
    assert client.patch(at, json={"role": "desk", "district": "010"}, headers=admin).json["code"] == "own_account"
    assert client.patch(at, json={"display_name": "Ada"}, headers=admin).status_code == 200
    assert client.get("/api/audit", headers=admin).status_code == 403


def test_nobody_suspends_the_own_account(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    answer = client.post(f"/api/users/{cast.admin.id}/suspend", headers=sign_in(cast.admin))
    assert (answer.status_code, answer.json["code"]) == (403, "own_account")


def test_the_last_admin_stays(app: Flask, cast: Cast) -> None:
    """Rule: somebody must be left who can reactivate."""
    with unit_of_work(None) as uow:
        service.suspend(uow, cast.auditor.id)
    with pytest.raises(LastAdmin), unit_of_work(None) as uow:
        service.suspend(uow, cast.admin.id)
    with pytest.raises(LastAdmin), unit_of_work(None) as uow:
        service.update_user(uow, cast.admin.id, {"role": "desk", "district": "010"})
    assert service.find(db.session(), cast.admin.id).role == "admin"


def test_two_admins_who_suspend_each_other_leave_one(app: Flask, cast: Cast) -> None:
    """Rule: the last admin stays, also at the same moment."""
    start, failures = threading.Barrier(2), []

    def suspend(actor: Member, other: Member) -> None:
        with app.app_context():
            acting = service.actor_of(service.find(db.session(), actor.id))
            start.wait()
            try:
                with unit_of_work(acting) as uow:
                    service.suspend(uow, other.id)
            except LastAdmin as last:
                failures.append(last)
            db.session.remove()

    pair = (cast.admin, cast.auditor)
    threads = [threading.Thread(target=suspend, args=each) for each in (pair, pair[::-1])]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    active = db.session.query(UserAccount).filter_by(role="admin", suspended_at=None).count()
    assert (active, len(failures)) == (1, 1)


def test_of_two_admins_who_choose_one_name_at_once_one_is_told(app: Flask, cast: Cast) -> None:
    """P5: the unique constraints decide, and the loser gets an answer to act on."""
    start, found = threading.Barrier(2), []

    def create() -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work(None) as uow:
                    found.append(service.create_user(uow, **NEW)[0].username)
            except NameTaken as taken:
                found.append(taken.code)
            db.session.remove()

    threads = [threading.Thread(target=create) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == ["name_taken", "nora"]


def test_repeated_deeds_have_one_effect(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """P5: replays are free."""
    admin = sign_in(cast.admin)
    at = f"/api/users/{cast.officer.id}"
    for deed, active in (("suspend", False), ("suspend", False), ("reactivate", True), ("reactivate", True)):
        answer = client.post(f"{at}/{deed}", headers=admin)
        assert (answer.status_code, answer.json["active"]) == (200, active)


def test_other_features_learn_who_somebody_is(app: Flask, cast: Cast) -> None:
    session = db.session()
    assert service.users_by_star(session, ["12345", "99999", ""]) == {"12345": cast.officer.id}
    assert service.people(session, [cast.officer.id, cast.admin.id, "nobody"]) == {
        cast.officer.id: {"name": "Olive Officer", "star": "12345"},
        cast.admin.id: {"name": "Ada Admin", "star": None},
    }
    assert service.users_by_star(session, []) == service.people(session, []) == service.actors(session, []) == {}
    assert set(service.actors(session, [cast.officer.id, cast.suspended.id])) == {cast.officer.id}
