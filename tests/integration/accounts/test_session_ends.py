"""What ends a session: suspension, a changed role, a reset password, time; each on the very next request."""

import threading

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from server.accounts import service
from server.accounts.models import RefreshToken, UserAccount
from server.db import db, unit_of_work
from tests.integration.accounts.sessions import SignIn, bearer, open_session
from tests.support.cast import Cast


@pytest.mark.parametrize("deed", ["suspend", "password-reset"])
def test_a_deed_of_the_admin_acts_on_the_very_next_request(
    client: FlaskClient, cast: Cast, sign_in: SignIn, deed: str
) -> None:
    """P9: a revocation acts on the next request."""
    admin = sign_in(cast.admin)
    answer = open_session(client, cast.officer)
    assert client.get("/api/users/me", headers=bearer(answer)).status_code == 200
    assert client.post(f"/api/users/{cast.officer.id}/{deed}", headers=admin).status_code == 200
    assert client.get("/api/users/me", headers=bearer(answer)).status_code == 401
    assert client.post("/api/session/refresh").status_code == 401


def test_a_reactivated_account_signs_in_anew(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    admin = sign_in(cast.admin)
    old = open_session(client, cast.officer)
    client.post(f"/api/users/{cast.officer.id}/suspend", headers=admin)
    client.post(f"/api/users/{cast.officer.id}/reactivate", headers=admin)
    assert client.get("/api/users/me", headers=bearer(old)).status_code == 401
    assert open_session(client, cast.officer).status_code == 200


def test_a_changed_role_acts_on_the_very_next_request(client: FlaskClient, cast: Cast, sign_in: SignIn) -> None:
    """P9: what an account may do is read anew on each request."""
    second = open_session(client, cast.auditor)
    assert client.get("/api/users", headers=bearer(second)).status_code == 200
    change = {"role": "desk", "district": "010"}
    client.patch(f"/api/users/{cast.auditor.id}", json=change, headers=sign_in(cast.admin))
    assert client.get("/api/users", headers=bearer(second)).status_code == 403


def test_expired_tokens_do_not_pile_up(client: FlaskClient, cast: Cast) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z"):
        open_session(client, cast.officer)
    open_session(client, cast.officer)
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
            statuses.add(open_session(client, cast.officer).status_code)
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
