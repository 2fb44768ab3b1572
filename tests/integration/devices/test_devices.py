"""Enrolling, listing and revoking devices."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from demo.phone import Phone
from server.db import db
from server.devices import service
from server.devices.models import Device
from tests.support.cast import Cast, Member

SignIn = Callable[[Member], dict[str, str]]
PhoneOf = Callable[..., Phone]


def _new(phone: Phone, name: str = "Pixel") -> dict[str, Any]:
    return {"name": name, "public_jwk": phone.public_jwk()}


def test_an_officer_enrols_a_phone(client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn) -> None:
    phone = phone_of(cast.officer, name="Pixel 9")
    found = client.get("/api/devices", headers=sign_in(cast.officer)).json["devices"]
    assert [(each["id"], each["name"], each["user"]) for each in found] == [(phone.device, "Pixel 9", cast.officer.id)]
    assert found[0]["revoked_at"] is None
    assert found[0]["enrolled_at"].endswith("+00:00")


def test_enrolling_again_gives_the_same_device(cast: Cast, phone_of: PhoneOf) -> None:
    """P5: a phone that lost the answer asks again."""
    phone = phone_of(cast.officer)
    first = phone.device
    assert phone.enrol().device == first
    assert db.session.query(Device).count() == 1


def test_a_key_of_somebody_else_is_refused(client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn) -> None:
    """Rule: a device belongs to one user; a shared phone makes a key for each."""
    phone = phone_of(cast.officer)
    answer = client.post("/api/devices", json=_new(phone), headers=sign_in(cast.partner))
    assert (answer.status_code, answer.json["code"]) == (409, "key_taken")


def test_a_revoked_key_is_not_enrolled_again(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    phone = phone_of(cast.officer)
    officer = sign_in(cast.officer)
    client.post(f"/api/devices/{phone.device}/revoke", headers=officer)
    assert client.post("/api/devices", json=_new(phone), headers=officer).json["code"] == "key_taken"


@pytest.mark.parametrize(
    "change",
    [
        {"public_jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"public_jwk": "text"},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "   "},
    ],
)
def test_a_malformed_device_is_refused(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn, change: dict[str, Any]
) -> None:
    phone = phone_of(cast.partner)
    answer = client.post("/api/devices", json={**_new(phone), **change}, headers=sign_in(cast.officer))
    assert (answer.status_code, answer.json["retry"]) == (400, "never")


def test_a_private_key_is_refused_and_not_kept(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    """DESIGN §7: the signing key never leaves the device; one that did is worthless."""
    phone = phone_of(cast.partner)
    given = _new(phone)
    given["public_jwk"]["d"] = "c2VjcmV0"
    answer = client.post("/api/devices", json=given, headers=sign_in(cast.officer))
    assert (answer.status_code, answer.json["code"]) == (400, "bad_key")


def test_devices_of_others_are_out_of_sight(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn
) -> None:
    """P9: somebody else's device is 404, as if it did not exist."""
    phone = phone_of(cast.officer)
    partner = sign_in(cast.partner)
    assert client.get("/api/devices", headers=partner).json["devices"] == []
    refused = client.post(f"/api/devices/{phone.device}/revoke", headers=partner)
    made_up = client.post("/api/devices/made-up/revoke", headers=partner)
    assert (refused.status_code, refused.json) == (404, made_up.json)
    assert db.session.get(Device, phone.device).revoked_at is None  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["officer", "admin"])
def test_the_owner_and_an_admin_revoke_a_device_once(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn, who: str
) -> None:
    phone = phone_of(cast.officer)
    headers = sign_in(getattr(cast, who))
    first = client.post(f"/api/devices/{phone.device}/revoke", headers=headers)
    again = client.post(f"/api/devices/{phone.device}/revoke", headers=headers)
    assert first.status_code == 200
    assert first.json["revoked_at"]
    assert again.json == first.json


def test_an_admin_sees_all_devices(client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn) -> None:
    mine = {phone_of(member).device for member in (cast.officer, cast.desk)}
    found = client.get("/api/devices", headers=sign_in(cast.admin)).json["devices"]
    assert {each["id"] for each in found} == mine


def test_other_features_learn_keys_and_names(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer, name="Pixel")
    session = db.session()
    key = service.keys(session, [phone.device, "made-up"])[phone.device]
    assert (key.user, key.revoked) == (cast.officer.id, False)
    jwt.decode(phone.assertion(), jwt.PyJWK.from_json(key.jwk), ["ES256"], audience="holdfast")
    assert service.devices(session, [phone.device, "made-up"]) == {phone.device: {"name": "Pixel"}}
    assert service.keys(session, []) == service.devices(session, []) == {}


def test_p12_a_key_has_the_same_device_on_a_server_that_forgot_it(cast: Cast, phone_of: PhoneOf) -> None:
    """Nobody else's key can take that id: it is made from the key."""
    phone = phone_of(cast.officer)
    device = phone.device
    db.session.execute(delete(Device))
    db.session.commit()
    other = phone_of(cast.partner)
    other.device, other.key = device, ec.generate_private_key(ec.SECP256R1())
    assert other.enrol().device != device
    assert phone.enrol().device == device


def test_p12_a_phone_keeps_the_id_that_an_earlier_version_had_drawn_for_it(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    db.session.execute(delete(Device))
    db.session.commit()
    drawn = phone.device = str(uuid4())
    assert phone.enrol().device == drawn
    assert phone.enrol().device == drawn


@pytest.mark.parametrize("change", [{"aud": "elsewhere"}, {"iss": "another"}, {"jti": "short"}])
def test_an_id_is_not_taken_on_a_statement_that_cannot_be_believed(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf, sign_in: SignIn, change: dict[str, str]
) -> None:
    phone = Phone(transport=phone_of(cast.partner).transport, person=cast.officer, device=str(uuid4()))
    given = {**_new(phone), "assertion": phone.assertion(**change)}
    answer = client.post("/api/devices", json=given, headers=sign_in(cast.officer))
    assert (answer.status_code, answer.json["code"]) == (401, "bad_assertion")


def test_an_id_that_another_key_has_is_not_given_away(cast: Cast, phone_of: PhoneOf) -> None:
    phone, other = phone_of(cast.officer), phone_of(cast.partner)
    drawn = str(uuid4())
    db.session.execute(update(Device).where(Device.id == phone.device).values(id=drawn))
    db.session.commit()
    other.key, other.device = ec.generate_private_key(ec.SECP256R1()), drawn
    assert other.enrol().device != drawn
