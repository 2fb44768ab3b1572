"""What a hostile or broken client can send neither gets lost nor breaks anyone else's feed (P1, P8)."""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from demo.device import sha256
from demo.phone import Phone
from server.db import db
from server.feed.models import StoredOp
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
SignIn = Callable[..., dict[str, str]]


def coded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def signed(phone: Phone, body: bytes) -> str:
    """Sign the very bytes given, as no JSON library would write them."""
    header = coded(json.dumps({"alg": "ES256", "kid": phone.device}).encode())
    said = f"{header}.{coded(body)}"
    r, s = decode_dss_signature(phone.key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{said}.{coded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def reasons(answer: dict[str, Any]) -> list[str | None]:
    return [each["reason"] for each in answer["receipts"]]


def test_half_an_emoji_is_kept_in_quarantine_and_blocks_nothing(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"narrative": "half \ud83d"})
    phone.edit(report, {"address": "Cermak"})
    sent = list(phone.pending)
    assert reasons(phone.push()) == ["bad_value", None]
    assert {db.session.scalar(select(StoredOp.jws).where(StoredOp.sha256 == sha256(each))) for each in sent} == set(
        sent
    )
    phone.pull()
    assert phone.copies[report]["quarantined"][0]["edits"][0]["value"] == "half \ud83d"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_know_never_reaches_a_reader(cast: Cast, phone_of: PhoneOf, number: str) -> None:
    phone, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(phone)
    phone.push()
    payload = phone.payload(report, "edit", [phone.change(report, "report", "weather", "@@")])
    token = signed(phone, json.dumps(payload).replace('"@@"', number).encode())
    assert reasons(phone.push([token])) == ["malformed"]
    page = desk.call("GET", "/api/pull").body
    json.loads(page, parse_constant=lambda found: pytest.fail(found))
    (copy,) = json.loads(page)["changes"]
    assert [each["reason"] for each in copy["quarantined"]] == ["malformed"]


@pytest.mark.parametrize("body", ['{"ops":["\\ud800"]}', '{"ops":["a\\u0000b"]}', '{"ops":["ä"]}', "[" * 100_000])
def test_what_could_not_be_kept_as_it_came_is_refused_whole(
    client: FlaskClient, cast: Cast, sign_in: SignIn, body: str
) -> None:
    found = client.post("/api/push", data=body.encode(), headers=sign_in(cast.officer), content_type="application/json")
    assert (found.status_code, found.content_type) == (400, "application/problem+json")


def test_an_op_that_was_not_signed_takes_nobodys_id(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    true = phone.pending[0]
    forged = true[:-8] + ("AAAAAAAA" if true[-8:] != "AAAAAAAA" else "BBBBBBBB")
    assert reasons(phone.push([forged])) == ["bad_signature"]
    assert reasons(phone.push([true])) == [None]


def test_what_a_revoked_device_delivers_is_shown_to_its_district(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    from server.db import unit_of_work
    from server.devices import service as devices

    phone, desk, supervisor = phone_of(cast.officer), phone_of(cast.desk), cast.officer
    phone.sign_in_to_deliver()
    report = complete_report(phone)
    with unit_of_work(None) as uow:
        devices.revoke(uow, app.extensions["actors"](uow.session, {supervisor.id})[supervisor.id], phone.device)
    assert set(reasons(phone.push())) == {"revoked_device"}
    desk.pull()
    assert {each["reason"] for each in desk.copies[report]["quarantined"]} == {"revoked_device"}
    assert desk.copies[report]["snapshot"]["fields"] == {}


def test_two_phones_that_push_to_one_report_at_once_lose_no_word(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    """P2: without the report's lock the later commit would write back a snapshot without the earlier one's words."""
    begun = phone_of(cast.officer)
    report = complete_report(begun)
    begun.push()
    phones = [phone_of(cast.officer) for _ in range(4)]
    failures: list[BaseException] = []

    def write(phone: Phone, name: str) -> None:
        try:
            with app.app_context():
                for number in range(10):
                    phone.add(report, "notes", {"text": f"{name} {number}"})
                    phone.push()
        except BaseException as failed:
            failures.append(failed)

    threads = [threading.Thread(target=write, args=(phone, f"phone {n}")) for n, phone in enumerate(phones)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    begun.pull()
    fields = begun.copies[report]["snapshot"]["fields"].values()
    found = sorted(each["text"][0]["value"] for each in fields if "text" in each)
    assert found == sorted(f"phone {n} {number}" for n in range(4) for number in range(10))


def test_errors_are_logged_without_what_people_wrote(app: Flask, cast: Cast) -> None:
    """A database names the row that it refuses in its message; the log says only what failed and where."""
    from server.log import trace

    try:
        db.session.execute(StoredOp.__table__.insert(), [{"id": None, "jws": "words that a person wrote"}])
    except Exception as failed:
        event = trace(None, "error", {"event": "unexpected", "exc_info": failed})
    db.session.rollback()
    assert "words that a person wrote" not in json.dumps(event)
    assert event["raised"] == "IntegrityError"
    assert any("test_hostile" in place for place in event["at"])
