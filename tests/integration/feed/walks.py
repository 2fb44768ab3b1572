"""What the tests of `verify` share: a walk, its place, and ways to spoil what is stored."""

import base64
import json
from typing import Any

from demo.phone import Phone
from server.db import db
from server.feed.verify import Verification, one_state, verify
from tests.support.reports import complete_report


def walk(**given: Any) -> Verification:
    with one_state(db.session()) as session:
        return verify(session, **given)


def place(found: Verification) -> tuple[str, str, str, int | None] | None:
    misfit = found.misfit
    return (misfit.table, misfit.row, misfit.column, misfit.offset) if misfit else None


def change(statement: Any) -> None:
    db.session.execute(statement)
    db.session.commit()


def written(phone: Phone) -> tuple[str, list[str]]:
    """Push a report and return its id and its strings, oldest first."""
    report = complete_report(phone)
    strings = list(phone.pending)
    phone.push()
    return report, strings


def payload(jws: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "=="))
    return found


def with_payload(jws: str, **changes: Any) -> str:
    """Return a signed string with another payload under its old signature."""
    head, _, signature = jws.split(".")
    body = json.dumps({**payload(jws), **changes}, separators=(",", ":")).encode()
    return f"{head}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}.{signature}"


def differs(one: str, other: str) -> int:
    return next(at for at, (mine, theirs) in enumerate(zip(one, other, strict=False)) if mine != theirs)
