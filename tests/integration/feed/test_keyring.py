"""A signature that was checked before its turn is believed only with the key that the database has then (P9)."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import pytest
from flask import current_app

from demo.phone import Phone
from server.db import reader
from server.feed import interpret
from server.feed.interpret import weigh
from server.feed.keyring import KeyRing
from server.security import DeviceKey
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]


@pytest.fixture
def phone(cast: Cast, phone_of: PhoneOf) -> Phone:
    return phone_of(cast.officer)


@pytest.fixture
def keys(phone: Phone) -> dict[str, DeviceKey]:
    found: dict[str, DeviceKey] = current_app.extensions["device_keys"](reader(), {phone.device})
    assert set(found) == {phone.device}
    return found


def op_of(phone: Phone) -> str:
    phone.edit(phone.new_id(), {"narrative": "What was seen."})
    return phone.pending[-1]


def ring_of(keys: dict[str, DeviceKey]) -> KeyRing:
    ring = KeyRing()
    ring.note(keys)
    return ring


def test_a_known_devices_signature_is_checked_once(phone: Phone, keys: dict[str, DeviceKey]) -> None:
    token = op_of(phone)
    assert KeyRing().read(token).fits is None
    envelope = ring_of(keys).read(token)
    with patch.object(interpret, "signature_fits", side_effect=AssertionError("checked twice")):
        assert weigh(envelope, keys).reason is None


def test_a_forged_signature_is_not_believed_however_well_its_device_is_known(
    phone: Phone, keys: dict[str, DeviceKey]
) -> None:
    forged = op_of(phone)[:-8] + "AAAAAAAA"
    envelope = ring_of(keys).read(forged)
    assert envelope.fits is None
    assert weigh(envelope, keys).reason == "bad_signature"


def test_a_key_that_the_database_no_longer_has_counts_for_nothing(
    phone: Phone, keys: dict[str, DeviceKey], phone_of: PhoneOf, cast: Cast
) -> None:
    """As after a restore, or where a device would have become another one's."""
    envelope = ring_of(keys).read(op_of(phone))
    other = phone_of(cast.partner)
    others = current_app.extensions["device_keys"](reader(), {other.device})[other.device]
    assert envelope.fits
    assert weigh(envelope, {}).reason == "unknown_device"
    assert weigh(envelope, {phone.device: others}).reason == "bad_signature"
    assert weigh(envelope, {phone.device: replace(keys[phone.device], user=others.user)}).reason == "not_device_owner"


def test_a_full_ring_begins_anew_and_believes_no_less(phone: Phone, keys: dict[str, DeviceKey]) -> None:
    ring = KeyRing(most=1)
    for each in ({"another": keys[phone.device]}, keys):
        ring.note(each)
    assert len(ring._keys) == 1
    assert ring.read(op_of(phone)).fits == keys[phone.device].jwk
