"""`verify` names what somebody altered or slipped in, as far as it can be told (P1)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from demo.device import sha256
from demo.phone import Phone
from server.db import db, unit_of_work
from server.devices.models import Device
from server.feed.models import FeedCounter, OpClash, ReceiptEntry, Report, StoredOp
from server.feed.signing import ServerKey
from tests.integration.feed.walks import change, differs, payload, place, walk, with_payload, written
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]
WORDS = "Two agents stood at the corner"


@pytest.mark.parametrize(
    ("member", "other"),
    [
        ("op", "00000000-0000-7000-8000-000000000000"),
        ("device", "00000000-0000-7000-8000-000000000000"),
        ("n", 99),
        ("actor", "00000000-0000-7000-8000-000000000000"),
        ("report", "00000000-0000-7000-8000-000000000000"),
        ("kind", "submit"),
    ],
)
def test_several_changed_bytes_are_named_by_the_member_in_which_they_are(
    cast: Cast, phone_of: PhoneOf, member: str, other: Any
) -> None:
    _, (jws, _) = written(phone_of(cast.officer))
    altered = with_payload(jws, **{member: other})
    change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(jws=altered))
    found = walk()
    assert place(found) == ("op", payload(jws)["op"], "jws", differs(jws, altered))
    assert str(found.misfit).partition(": ")[2].startswith(f"{member}: ")


def test_other_words_are_named_by_the_signature_that_does_not_fit_them(cast: Cast, phone_of: PhoneOf) -> None:
    _, (jws, _) = written(phone_of(cast.officer))
    altered = with_payload(jws, edits=[{**payload(jws)["edits"][0], "value": "other words"}])
    for values in ({"jws": altered}, {"jws": altered, "sha256": sha256(altered)}):
        change(update(StoredOp).where(StoredOp.id == payload(jws)["op"]).values(**values))
        assert place(walk()) == ("op", payload(jws)["op"], "jws", altered.rindex(".") + 1)


@pytest.mark.parametrize(
    ("spoil", "byte"),
    [
        (lambda jws, body: jws[: body + 40] + "!?" + jws[body + 42 :], 40),
        (lambda jws, body: jws[: body + 4] + "____" + jws[body + 8 :], 4),
        (lambda jws, body: jws[:body] + jws[body + 4 :], 0),
        (lambda jws, body: jws[: body + 80], 80),
        (lambda jws, body: jws + ".tail", None),
    ],
)
def test_the_first_byte_that_a_signed_string_cannot_have_is_named(
    cast: Cast, phone_of: PhoneOf, spoil: Callable[[str, int], str], byte: int | None
) -> None:
    _, (jws, _) = written(phone_of(cast.officer))
    body = jws.index(".") + 1
    change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(jws=spoil(jws, body)))
    named = place(walk())
    assert named is not None
    assert named[:3] == ("op", payload(jws)["op"], "jws")
    # Four characters carry three bytes, and JSON may go wrong a token after what was changed.
    assert named[3] == len(jws) if byte is None else body + byte <= (named[3] or 0) <= body + byte + 8


def test_bytes_that_are_no_text_are_found_and_do_not_end_the_walk(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    _, (jws, _) = written(phone_of(cast.officer))
    if db.engine.dialect.name == "sqlite":
        db.session.connection().exec_driver_sql(
            "UPDATE op SET jws = CAST(CAST(substr(jws, 1, 30) AS BLOB) || X'FF' || CAST(substr(jws, 32) AS BLOB) "
            "AS TEXT) WHERE sha256 = ?",
            (sha256(jws),),
        )
    else:
        # PostgreSQL keeps no text that is none; the nearest is a character of two bytes.
        change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(jws=jws[:30] + "ÿ" + jws[31:]))
    assert place(walk()) == ("op", payload(jws)["op"], "jws", 30)


def test_an_op_that_nobody_acknowledged_is_named(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, (jws, _) = written(phone)
    phone.edit(report, {"address": "slipped in"})
    (slipped,) = phone.pending
    copy = {
        column.name: getattr(db.session.get(StoredOp, payload(jws)["op"]), column.name)
        for column in StoredOp.__table__.columns
    }
    id = payload(slipped)["op"]
    change(insert(StoredOp).values({**copy, "id": id, "jws": slipped, "sha256": sha256(slipped), "n": phone.n}))
    found = walk()
    assert place(found) == ("op", id, "id", None)
    assert "no receipt" in str(found.misfit)


@pytest.mark.parametrize("column", ["public_jwk", "user_id", "id"])
def test_a_device_that_was_changed_is_named_and_not_its_ops(cast: Cast, phone_of: PhoneOf, column: str) -> None:
    phone, other = phone_of(cast.officer), phone_of(cast.partner)
    written(phone)
    key = {"crv": "P-256", **{name: other.public_jwk()[name] for name in ("kty", "x", "y")}}
    values: dict[str, Any] = {"public_jwk": key, "user_id": cast.partner.id, "id": "0" * 36}
    change(update(Device).where(Device.id == phone.device).values({column: values[column]}))
    named = place(walk())
    assert named is not None
    assert named[:3] == ("device", phone.device, column)


def test_ops_of_a_revoked_device_are_checked_with_its_key(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    from server.devices import service as devices

    phone = phone_of(cast.officer)
    written(phone)
    with unit_of_work(None) as uow:
        devices.revoke(uow, app.extensions["actors"](uow.session, {cast.officer.id})[cast.officer.id], phone.device)
    assert walk().ok
    change(update(Device).where(Device.id == phone.device).values(public_jwk=phone_of(cast.partner).public_jwk()))
    assert not walk().ok


def forge(key: ServerKey, n: int, **changes: Any) -> None:
    """Write an entry of the log anew, hash and head as well, signed with a key."""
    row = db.session.execute(select(ReceiptEntry.jws).where(ReceiptEntry.n == n)).one()
    jws = key.sign({**payload(row.jws), **changes})
    db.session.execute(update(ReceiptEntry).where(ReceiptEntry.n == n).values(jws=jws, sha256=sha256(jws)))
    change(update(FeedCounter).values(log_head=sha256(jws)))


def test_an_entry_in_the_name_of_the_servers_key_must_be_signed_by_it(
    app: Flask, cast: Cast, phone_of: PhoneOf, tmp_path: Path
) -> None:
    written(phone_of(cast.officer))
    forger = ServerKey(tmp_path / "forger.pem")
    forger.kid = app.extensions["server_key"].kid
    forge(forger, 1)
    jws = db.session.execute(select(ReceiptEntry.jws)).scalar_one()
    assert place(walk()) == ("receipt_log", "1", "jws", jws.rindex(".") + 1)


def test_entries_signed_by_another_key_are_listed_and_checked_with_it_where_it_is_given(
    app: Flask, cast: Cast, phone_of: PhoneOf, tmp_path: Path
) -> None:
    """An entry says which key signed it, so a server with a new key can still say what it cannot check."""
    phone = phone_of(cast.officer)
    key, former = app.extensions["server_key"], ServerKey(tmp_path / "former.pem")
    app.extensions["server_key"] = former
    for _ in range(3):
        written(phone)
    app.extensions["server_key"] = key
    written(phone)
    found = walk()
    assert found.ok
    assert found.remarks.said == [f"receipt_log 1 to 3: signed by the key {former.kid}, which is not at hand"]
    assert walk(former_keys=[tmp_path / "former.pem"]).remarks.said == []
    right = db.session.scalar(select(ReceiptEntry.sha256).where(ReceiptEntry.n == 2)) or ""
    change(update(ReceiptEntry).where(ReceiptEntry.n == 2).values(sha256=right[:9] + "x" + right[10:]))
    assert place(walk()) == ("receipt_log", "2", "sha256", 9)
    change(update(ReceiptEntry).where(ReceiptEntry.n == 2).values(sha256=right))
    forger = ServerKey(tmp_path / "forger.pem")
    forger.kid = former.kid
    forge(forger, 4)
    assert walk().ok  # it names a key that is not at hand: nobody can tell
    assert (place(walk(former_keys=[tmp_path / "former.pem"])) or ())[:3] == ("receipt_log", "4", "jws")


def test_an_entry_written_anew_with_the_servers_own_key_does_not_fit_the_next(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """Each entry seals the one before: who has the key must write all that follow anew, and the head kept elsewhere."""
    phone = phone_of(cast.officer)
    written(phone)
    written(phone)
    jws = db.session.scalar(select(ReceiptEntry.jws).where(ReceiptEntry.n == 2)) or ""
    receipts = payload(db.session.scalar(select(ReceiptEntry.jws).where(ReceiptEntry.n == 1)) or "")["receipts"]
    forge(app.extensions["server_key"], 1, receipts=receipts[:1])
    forged = db.session.scalar(select(ReceiptEntry.sha256).where(ReceiptEntry.n == 1))
    change(update(FeedCounter).values(log_head=sha256(jws)))
    assert place(walk()) == ("receipt_log", "2", "jws", differs(jws, with_payload(jws, prev=forged)))
    change(update(ReceiptEntry).where(ReceiptEntry.n == 2).values(prev=forged))
    assert place(walk()) == ("receipt_log", "2", "jws", differs(jws, with_payload(jws, prev=forged)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "quarantined", "reason": "report_locked"}, "had said finally"),
        ({"seq": 1}, "given out before"),
    ],
)
def test_receipts_that_contradict_earlier_ones_are_named(
    app: Flask, cast: Cast, phone_of: PhoneOf, changes: dict[str, Any], said: str
) -> None:
    """What was applied stays so, and the feed's numbers are given out once."""
    phone = phone_of(cast.officer)
    written(phone)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    phone.push()
    first, second = [payload(jws) for jws in db.session.scalars(select(ReceiptEntry.jws).order_by(ReceiptEntry.n))]
    again = {**(first if "verdict" in changes else second)["receipts"][0], **changes}
    forge(app.extensions["server_key"], 2, receipts=[again])
    found = walk()
    assert said in str(found.misfit)
    jws = db.session.scalar(select(ReceiptEntry.jws).where(ReceiptEntry.n == 2)) or ""
    right = {"verdict": "applied"} if "verdict" in changes else {"seq": 2}
    assert place(found) == ("receipt_log", "2", "jws", differs(jws, with_payload(jws, receipts=[{**again, **right}])))


def test_a_log_cut_off_together_with_its_head_leaves_ops_over(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    written(phone)
    last = db.session.execute(select(ReceiptEntry.n, ReceiptEntry.sha256)).one()
    phone.edit(phone.new_id(), {"address": "Cermak"})
    (jws,) = phone.pending
    phone.push()
    db.session.execute(ReceiptEntry.__table__.delete().where(ReceiptEntry.n == last.n + 1))
    change(update(FeedCounter).values(log_n=last.n, log_head=last.sha256))
    assert place(walk()) == ("op", payload(jws)["op"], "id", None)


def test_other_bytes_under_a_known_id_that_are_gone_are_named(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    _, (jws, _) = written(phone)
    other = phone.sign({**payload(jws), "reason": "other bytes"})
    phone.push([other])
    assert walk().ok
    db.session.execute(OpClash.__table__.delete())
    db.session.commit()
    assert place(walk()) == ("op_clash", sha256(other), "sha256", None)


def test_no_finding_repeats_what_people_wrote(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, strings = written(phone)
    jws = next(each for each in strings if WORDS in json.dumps(payload(each)))
    stored = db.session.scalar(select(Report.snapshot).where(Report.id == report)) or b""
    spoilt = stored.replace(WORDS.encode(), b"Three" + WORDS.encode()[3:])
    change(update(Report).where(Report.id == report).values(snapshot=spoilt))
    found = walk()
    assert place(found) == ("report", report, "snapshot", differs(stored.decode(), spoilt.decode()))
    assert "fields/report/narrative" in str(found.misfit)
    said = json.dumps(found.as_json())
    change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(jws=with_payload(jws, edits=[])))
    said += json.dumps(walk().as_json())
    assert "agents stood" not in said
    assert "corner" not in said
