"""The people of the demonstration, with passwords that are made once for each run-folder and kept there only."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from flask import Flask

from server.accounts import service
from server.db import db, unit_of_work
from server.problems import NotFound

_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Account:
    """A demonstration account. `shown` ones are printed at the start; the others only fill the other districts."""

    username: str
    display_name: str
    role: str
    star: str | None = None
    district: str | None = None
    grants: tuple[str, ...] = ()
    shown: bool = False
    password: str = ""
    id: str = ""


CAST = (
    Account("officer", "Demo Officer Rivera", "officer", "12345", "010", shown=True),
    Account("officer2", "Demo Officer Novak", "officer", "12346", "010", shown=True),
    Account("desk", "Demo Desk Okafor", "desk", "20100", "010", shown=True),
    Account("supervisor", "Demo Supervisor Lindqvist", "desk", "20101", "010", ("supervisor",), shown=True),
    Account("admin", "Demo Admin", "admin", shown=True),
    Account("officer.012", "Demo Officer Adeyemi", "officer", "13345", "012"),
    Account("desk.012", "Demo Desk Moreau", "desk", "20120", "012"),
    Account("officer.001", "Demo Officer Haddad", "officer", "11345", "001"),
    Account("desk.001", "Demo Desk Petrov", "desk", "20010", "001"),
)


def write_private(path: Path, content: object) -> None:
    """Write JSON that only the owner of the run-folder may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out, indent=1)
    scratch.replace(path)


def make_password() -> str:
    """Make a password that is easy to copy from a terminal: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4))


def ensure(app: Flask, path: Path) -> dict[str, Account]:
    """Make the accounts that are missing; return all by user name. Passwords of earlier runs stay."""
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    known = {each.username: known.get(each.username) or make_password() for each in CAST}
    # Written before the accounts are made: an interruption then leaves a password without account, never the reverse.
    write_private(path, known)
    with app.app_context():
        found = {each.username: _ensure_one(each, known[each.username]) for each in CAST}
        db.engine.dispose()
    return found


def _ensure_one(account: Account, password: str) -> Account:
    told = asdict(account) | {"password": password}
    try:
        return Account(**{**told, "id": service.find_by_name(db.session(), account.username).id})
    except NotFound:
        with unit_of_work(None) as uow:
            made = {name: told[name] for name in ("username", "display_name", "role", "star", "district", "password")}
            user, _ = service.create_user(uow, **made, grants=account.grants)
            return Account(**{**told, "id": user.id})
