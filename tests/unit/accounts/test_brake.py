"""The key of the brake on guessing."""

import pytest

from server.accounts.brake import brake_key
from server.config import Settings

SETTINGS = Settings(mode="test", secret_key="only-for-tests-0123456789-abcdefghijklm")


def test_a_stranger_elsewhere_brakes_only_himself() -> None:
    """Rule: the lock is of account and address together."""
    assert brake_key(SETTINGS, "olive", "192.0.2.1") != brake_key(SETTINGS, "olive", "192.0.2.2")
    assert brake_key(SETTINGS, "olive", "192.0.2.1") != brake_key(SETTINGS, "pat", "192.0.2.1")


def test_a_caller_gets_no_fresh_tries_from_the_rest_of_its_ipv6_network() -> None:
    """Rule: whoever has one IPv6 address usually has 2^64 of them."""
    assert brake_key(SETTINGS, "olive", "2001:db8::1") == brake_key(SETTINGS, "olive", "2001:db8::ffff:1")
    assert brake_key(SETTINGS, "olive", "2001:db8::1") != brake_key(SETTINGS, "olive", "2001:db8:0:1::1")


@pytest.mark.parametrize("address", [None, "", "unix:"])
def test_an_unknown_address_is_one_place(address: str | None) -> None:
    assert len(brake_key(SETTINGS, "olive", address)) == 64


def test_neither_name_nor_address_can_be_read_from_the_key() -> None:
    key = brake_key(SETTINGS, "olive", "192.0.2.1")
    assert "olive" not in key
    assert key != brake_key(Settings(mode="test", secret_key="x" * 40), "olive", "192.0.2.1")
