"""Every change has one audit event, by the right actor, without what a person wrote (P13)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo.phone import Phone
from server.audit import service
from server.audit.models import AuditEvent
from server.db import db
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]
PhoneOf = Callable[..., Phone]


class Log:
    """The events since this was made."""

    def __init__(self) -> None:
        self.start = service.verify(db.session()).events

    def new(self) -> list[AuditEvent]:
        db.session.rollback()
        return service.events(db.session(), self.start)

    def deeds(self) -> list[tuple[str, str, str]]:
        return [(event.actor, event.action, event.subject) for event in self.new()]


def test_every_deed_of_an_admin_is_one_event(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    log = Log()
    new = {"username": "nora", "display_name": "Nora New", "role": "officer", "star": "77001", "district": "010"}
    user = client.post("/api/users", json=new, headers=admin).json["user"]["id"]
    client.patch(f"/api/users/{user}", json={"district": "012", "display_name": "Nora Newer"}, headers=admin)
    for deed in ("password-reset", "suspend", "reactivate"):
        client.post(f"/api/users/{user}/{deed}", headers=admin)
    actions = ("create", "update", "password_reset", "suspend", "reactivate")
    assert log.deeds() == [(cast.admin.id, f"user.{action}", user) for action in actions]
    assert log.new()[1].detail == {"fields": ["display_name", "district"], "district": "012"}


def test_what_changed_nothing_is_no_event(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """P5 and P13: a replay is no second change."""
    admin = sign_in(cast.admin)
    log = Log()
    client.post(f"/api/users/{cast.suspended.id}/suspend", headers=admin)
    client.post(f"/api/users/{cast.officer.id}/reactivate", headers=admin)
    client.patch(f"/api/users/{cast.officer.id}", json={"district": "010"}, headers=admin)
    client.post("/api/users", json={"username": "officer", "display_name": "X", "role": "admin"}, headers=admin)
    assert log.deeds() == []


def test_a_copy_that_an_app_fetches_is_told_from_a_look_at_the_history(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = officer.new_id()
    officer.edit(report, {"narrative": "Seen from the corner. " * 100})
    officer.push()
    desk.pull()
    desk.copies.clear()
    officer.edit(report, {"address": "Cermak"})
    officer.push()
    log = Log()
    desk.pull()
    desk.call("GET", f"/api/reports/{report}/history")
    assert log.deeds() == [(cast.desk.id, "report.copy", report), (cast.desk.id, "report.history", report)]


def test_sessions_are_events_of_their_user(client: FlaskClient, app: Flask, cast: Cast) -> None:
    """DOMAIN: log logon, access and change."""
    log, me = Log(), cast.officer
    client.post("/api/session", json={"username": me.username, "password": "wrong"})
    client.post("/api/session", json={"username": "nobody at all", "password": "wrong"})
    client.post("/api/session", json={"username": me.username, "password": me.password})
    stolen = client.get_cookie("refresh", path="/api/session").value  # type: ignore[union-attr]
    client.post("/api/session/refresh")
    other = app.test_client()
    other.set_cookie("refresh", stolen, path="/api/session")
    other.post("/api/session/refresh")
    answer = client.post("/api/session", json={"username": me.username, "password": me.password})
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    passwords = {"current": me.password, "new": "plain lake window seven"}
    client.post("/api/session/password", json=passwords, headers=headers)
    client.delete("/api/session")
    assert log.deeds() == [
        ("system", "session.fail", me.id),
        ("system", "session.fail", "unknown"),
        (me.id, "session.start", me.id),
        (me.id, "session.refresh", me.id),
        (me.id, "session.reuse", me.id),
        (me.id, "session.start", me.id),
        (me.id, "user.password_change", me.id),
        (me.id, "session.end", me.id),
    ]


def test_every_deed_with_a_device_is_one_event(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    admin = sign_in(cast.admin)
    phone = phone_of(cast.officer, name="Olive's phone")
    log = Log()
    phone.enrol()
    for _ in range(2):
        client.post(f"/api/devices/{phone.device}/revoke", headers=admin)
    phone.sign_in_to_deliver()
    assert log.deeds() == [
        (cast.admin.id, "device.revoke", phone.device),
        (cast.officer.id, "device.token", phone.device),
    ]
    assert [event.detail for event in log.new()] == [{"user": cast.officer.id}, {"revoked": True}]


def test_the_log_holds_no_names_stars_or_passwords(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    """DESIGN §7: ids and codes, never content."""
    admin = sign_in(cast.admin)
    secret = "plain lake window seven"
    new = {"username": "nora", "display_name": "Nora New", "role": "officer", "star": "77001", "district": "010"}
    made = client.post("/api/users", json=new, headers=admin).json
    client.patch(f"/api/users/{made['user']['id']}", json={"display_name": "Nora Newer"}, headers=admin)
    client.post("/api/session", json={"username": "misspelled.nora", "password": secret})
    phone_of(cast.officer, name="Olive's phone")
    db.session.rollback()
    text = " ".join(str({**vars(event)}) for event in service.events(db.session()))
    written = ("nora", "Nora", "77001", "12345", "misspelled", secret, made["password"], "Olive", "argon2")
    assert [word for word in written if word in text] == []


@pytest.mark.parametrize("who", ["officer", "desk", "supervisor", "admin"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/audit"), ("POST", "/api/audit/verify")])
def test_only_an_auditor_reads_the_log(
    client: FlaskClient, cast: Cast, sign_in: SignIn, who: str, method: str, path: str
) -> None:
    """P9: deny by default; an admin cannot read what is written about admins."""
    assert client.open(path, method=method).status_code == 401
    assert client.open(path, method=method, headers=sign_in(getattr(cast, who))).status_code == 403


def test_an_auditor_reads_the_log_in_pages_and_reading_is_logged(
    client: FlaskClient, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOMAIN: log the reading of the log."""
    auditor = sign_in(cast.auditor)
    monkeypatch.setattr(service, "PAGE", 4)
    log, after, read = Log(), 0, list[dict[str, Any]]()
    while len(page := client.get(f"/api/audit?after={after}", headers=auditor).json["events"]) == 4:
        read += page
        after = page[-1]["n"]
    assert [event["n"] for event in read] == list(range(1, len(read) + 1))
    assert {"n", "at", "actor", "action", "subject_kind", "subject", "detail", "prev", "sha256"} == set(read[0])
    assert read[0]["at"].endswith("Z")
    assert {deed[:2] for deed in log.deeds()} == {(cast.auditor.id, "audit.read")}


@pytest.mark.parametrize("after", ["-1", "x", "99999999999999999999"])
def test_a_malformed_page_is_refused(client: FlaskClient, cast: Cast, sign_in: SignIn, after: str) -> None:
    assert client.get(f"/api/audit?after={after}", headers=sign_in(cast.auditor)).status_code == 400


def test_an_auditor_verifies_the_log(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """DESIGN §1: the auditor reads and verifies."""
    auditor = sign_in(cast.auditor)
    found = client.post("/api/audit/verify", headers=auditor).json
    assert (found["ok"], found["first_bad"], found["problem"]) == (True, None, None)
    db.session.query(AuditEvent).filter_by(n=3).update({"subject": "somebody else"})
    db.session.commit()
    bad = client.post("/api/audit/verify", headers=auditor).json
    assert (bad["ok"], bad["first_bad"], bad["problem"]) == (False, 3, "the event was changed")
    db.session.rollback()
    last = service.events(db.session(), found["events"])[-1]
    assert (last.action, last.detail) == ("audit.verify", {"ok": False, "first_bad": 3})
