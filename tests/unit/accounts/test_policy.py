"""Rules for passwords and accounts, without a database."""

import pytest

from server.accounts import policy
from server.accounts.errors import BadAccount, WeakPassword


@pytest.mark.parametrize(
    "password",
    [
        "elevensigns",
        "Password-2026!",
        "P@ssw0rd1234",
        "Correct Horse Battery Staple",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "abcdefghijklmnop",
        "9876543210987",
        "olive.officer1",
        "Officer-Olive-7",
        "star12345678",
        "x" * 257,
    ],
)
def test_guessable_passwords_are_refused(password: str) -> None:
    """Rule: at least 12 characters, none of the banned list however it is dressed up, nothing known of the person."""
    with pytest.raises(WeakPassword):
        policy.check_password(password, "olive", "Olive Officer", "12345678")


@pytest.mark.parametrize("password", ["plain lake window seven", "кит над городом поёт", "k7mf-2qpx-9wzt-hr4c"])
def test_long_unrelated_passwords_are_welcome(password: str) -> None:
    """Rule: no mix of character classes is asked for, in any script."""
    policy.check_password(password, "olive", "Olive Officer", "12345")


def test_a_short_name_inside_a_long_password_is_no_reason_to_refuse() -> None:
    policy.check_password("the lively river bends twice", "li", "Li Ver", "7")


def test_user_names_are_the_same_however_a_phone_writes_them() -> None:
    assert policy.username_of(" Olive.Officer ") == policy.username_of("olive.officer") == "olive.officer"


@pytest.mark.parametrize(
    ("username", "role", "star", "district", "grants"),
    [
        ("olive officer", "officer", "12345", "010", []),
        (".olive", "officer", "12345", "010", []),
        ("olive", "chief", "12345", "010", []),
        ("olive", "officer", None, "010", []),
        ("olive", "officer", "12345", None, []),
        ("olive", "officer", "12 345", "010", []),
        ("olive", "officer", "12345", "10", []),
        ("dana", "desk", None, None, []),
        ("dana", "desk", None, "010", ["mayor"]),
        ("ada", "admin", None, None, ["supervisor"]),
    ],
)
def test_accounts_that_could_not_work_or_could_do_too_much_are_refused(
    username: str, role: str, star: str | None, district: str | None, grants: list[str]
) -> None:
    """P9: what an account may do is checked when it is made, not only when it is used."""
    with pytest.raises(BadAccount):
        policy.check_account(username, role, star, district, grants)


@pytest.mark.parametrize(
    ("role", "star", "district", "grants"),
    [
        ("officer", "12345", "010", ["auditor"]),
        ("desk", None, "010", ["supervisor"]),
        ("admin", None, None, ["auditor"]),
    ],
)
def test_accounts_of_the_design_are_accepted(
    role: str, star: str | None, district: str | None, grants: list[str]
) -> None:
    policy.check_account("olive", role, star, district, grants)
