"""Push: stored before judged, one effect and one receipt, nothing lost and nothing blocked."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from demo.device import sha256
from demo.phone import Phone
from server.db import db
from server.feed.models import FeedCounter, OpClash, ReceiptEntry, StoredOp
from server.feed.signing import payload
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]


def verdicts(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["verdict"], each["reason"]) for each in answer["receipts"]]


def stored(token: str) -> str | None:
    return db.session.scalar(select(StoredOp.jws).where(StoredOp.sha256 == sha256(token)))


def test_p1_every_acknowledged_op_is_stored_byte_for_byte(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "W 26th St & Pulaski – “quoted” ✓"})
    sent = list(phone.pending)
    answer = phone.push()
    assert [each["sha256"] for each in answer["receipts"]] == [sha256(each) for each in sent]
    assert [stored(each) for each in sent] == sent
    assert phone.pending == []


def test_p5_a_replay_has_the_same_receipt_and_no_second_effect(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    sent = list(phone.pending)
    first = phone.push(sent)
    seq = db.session.scalar(select(FeedCounter.seq))
    again = phone.push(sent + sent)
    assert again["receipts"] == first["receipts"] * 2
    assert db.session.scalar(select(FeedCounter.seq)) == seq


def test_other_bytes_under_a_known_id_are_kept_and_flagged(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    body = phone.payload(report, "edit", [phone.change(report, "report", "address", "Cermak")])
    other = {**body, "edits": [{**body["edits"][0], "value": "Ashland"}]}
    one, two = phone.sign(body), phone.sign(other)
    phone.push([one])
    assert verdicts(phone.push([two])) == [("quarantined", "op_id_reused")]
    assert stored(one) == one
    assert db.session.scalar(select(OpClash.jws)) == two


def test_p8_a_bad_op_inside_a_good_push_blocks_nothing_else_and_is_kept(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "Cermak"})
    good = phone.pending[0]
    broken = good[:-8] + ("AAAAAAAA" if good[-8:] != "AAAAAAAA" else "BBBBBBBB")
    foreign = phone.sign({**phone.payload(report, "edit", []), "kind": "delete"})
    answer = phone.push([broken, "no jws at all", foreign, good])
    assert verdicts(answer) == [
        ("quarantined", "bad_signature"),
        ("quarantined", "malformed"),
        ("quarantined", "unknown_kind"),
        ("applied", None),
    ]
    assert all(stored(each) == each for each in (broken, "no jws at all", foreign, good))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("occurred_from", "yesterday", "bad_value"), ("address", 7, "bad_value")],
)
def test_a_value_that_does_not_fit_is_quarantined_and_shown(
    cast: Cast, phone_of: PhoneOf, field: str, value: Any, reason: str
) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"narrative": "Seen from the corner."})
    phone.edit(report, {field: value})
    assert verdicts(phone.push()) == [("applied", None), ("quarantined", reason)]
    phone.pull()
    shown = phone.copies[report]["quarantined"]
    assert [(each["reason"], each["edits"][0]["value"]) for each in shown] == [(reason, value)]


def test_an_op_of_a_field_that_the_server_does_not_know_is_kept_in_view(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"weather": "rain"})
    assert verdicts(phone.push()) == [("applied", None)]
    phone.pull()
    assert phone.copies[report]["snapshot"]["fields"]["report"]["weather"][0]["value"] == "rain"


def test_an_op_waits_for_what_it_builds_on_and_is_applied_when_that_comes(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "Cermak"})
    phone.edit(report, {"narrative": "Seen."})
    phone.edit(report, {"address": "Cermak & Wood"})
    first, middle, last = phone.pending
    assert verdicts(phone.push([middle, last])) == [("applied", None), ("quarantined", "waiting_for_base")]
    assert verdicts(phone.push([first])) == [("applied", None)]
    phone.pull()
    heads = phone.copies[report]["snapshot"]["fields"]["report"]["address"]
    assert [each["value"] for each in heads] == ["Cermak & Wood"]
    assert phone.copies[report]["quarantined"] == []
    assert verdicts(phone.push([last])) == [("applied", None)]


def test_an_op_that_waited_and_is_then_refused_is_told_so_to_everyone(cast: Cast, phone_of: PhoneOf) -> None:
    """By the statement that says what came of it, by its receipt when it comes again, and by the report's copy."""
    phone, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = phone.new_id()
    phone.edit(report, {"narrative": "Seen."})
    phone.edit(report, {"lat": 41.8})
    phone.edit(report, {"lat": 1000})
    begun, first, late = phone.pending
    assert verdicts(phone.push([begun, late])) == [("applied", None), ("quarantined", "waiting_for_base")]
    desk.pull()
    assert [each["reason"] for each in desk.copies[report]["quarantined"]] == ["waiting_for_base"]
    answer = phone.push([first])
    told = {each["sha256"]: each["reason"] for each in payload(answer["statement"])["receipts"]}
    assert told == {sha256(first): None, sha256(late): "bad_value"}
    assert verdicts(phone.push([late])) == [("quarantined", "bad_value")]
    desk.pull()
    assert [each["reason"] for each in desk.copies[report]["quarantined"]] == ["bad_value"]
    desk.dismiss(report, desk.copies[report]["quarantined"][0]["op"], "written anew")
    assert verdicts(desk.push()) == [("applied", None)]


def test_a_submission_does_not_overtake_what_was_saved_before_it(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "Cermak", "occurred_from": "2026-11-23T21:10:00-06:00", "narrative": "Seen."})
    agent = phone.add(report, "agents", {})
    phone.edit(report, {"agency": "ice_ero"}, entity=agent)
    phone.submit(report)
    assert verdicts(phone.push()) == [("applied", None)] * 4


def test_a_malformed_push_is_refused_with_a_problem_and_stores_nothing(
    app: Flask, client: FlaskClient, cast: Cast, sign_in: Callable[..., dict[str, str]]
) -> None:
    headers = sign_in(cast.officer)
    for body in ('{"ops": "x"}', '{"ops": []}', "{", "[]", '{"ops": [5]}'):
        answer = client.post("/api/push", data=body, headers=headers, content_type="application/json")
        assert answer.status_code == 400, body
        assert answer.content_type == "application/problem+json"
        assert answer.json is not None
        assert answer.json["retry"] == "never"
    assert db.session.scalar(select(func.count()).select_from(StoredOp)) == 0


def test_a_body_over_the_limit_is_refused_before_it_is_read(
    client: FlaskClient, app: Flask, cast: Cast, sign_in: Callable[..., dict[str, str]]
) -> None:
    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    announced = {"CONTENT_LENGTH": str(app.config["MAX_CONTENT_LENGTH"] + 1), "wsgi.input": Unread()}
    headers = {**sign_in(cast.officer), "Content-Type": "application/json"}
    answer = client.post("/api/push", headers=headers, environ_overrides=announced)
    assert (answer.status_code, answer.json and answer.json["code"]) == (413, "too_large")


def test_an_expired_session_is_told_to_sign_in_while_delivery_goes_on(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf
) -> None:
    phone = phone_of(cast.officer)
    phone.edit(phone.new_id(), {"address": "Cermak"})
    answer = client.get("/api/pull", headers={"Authorization": "Bearer old"})
    assert (answer.status_code, answer.json and answer.json["retry"]) == (401, "after_login")
    phone.sign_in_to_deliver()
    assert verdicts(phone.push()) == [("applied", None)]


def test_twenty_ops_in_one_push_are_one_transaction_and_one_commit(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    for number in range(20):
        phone.edit(report, {"narrative": f"{number} " + "x" * 1000})
    seen: dict[str, int] = {"begin": 0, "commit": 0, "insert op": 0}

    def begin(_connection: Any) -> None:
        seen["begin"] += 1

    def commit(_connection: Any) -> None:
        seen["commit"] += 1

    def statement(_c: Any, _cur: Any, sql: str, *_: Any) -> None:
        seen["insert op"] += sql.startswith("INSERT INTO op ")

    db.session.rollback()
    for name, listener in (("begin", begin), ("commit", commit), ("before_cursor_execute", statement)):
        event.listen(db.engine, name, listener)
    try:
        from flask import current_app, g

        from server.feed import service

        with current_app.test_request_context():
            caller = current_app.extensions["load_actor"](phone.token)
            g.actor = caller
            db.session.rollback()
            seen.update(begin=0, commit=0)
            answer = service.push(caller, phone.pending)
    finally:
        for name, listener in (("begin", begin), ("commit", commit), ("before_cursor_execute", statement)):
            event.remove(db.engine, name, listener)
    assert {each.verdict for each in answer.receipts} == {"applied"}
    assert seen["commit"] == 1
    assert seen["insert op"] == 1


def test_receipts_are_signed_into_a_chain(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    for street in ("Cermak", "Ashland"):
        phone.edit(phone.new_id(), {"address": street})
        answer = phone.push()
        assert payload(answer["statement"])["receipts"] == answer["receipts"]
        assert sha256(answer["statement"]) == answer["beacon"]
    entries = list(db.session.scalars(select(ReceiptEntry).order_by(ReceiptEntry.n)))
    assert [each.prev for each in entries] == [None, entries[0].sha256]


def test_a_rule_that_fails_keeps_the_op_and_leaves_the_others_alone(
    app: Flask, cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: one poisoned item blocks nothing else."""
    from sync import rules

    real = rules.judge

    def poisoned(op: Any, snapshot: Any, form: Any, kept: Any) -> str | None:
        if any(edit.value == "poison" for edit in op.edits):
            raise RuntimeError("a rule with a mistake")
        return real(op, snapshot, form, kept)

    monkeypatch.setattr(rules, "judge", poisoned)
    phone = phone_of(cast.officer)
    report = phone.new_id()
    phone.edit(report, {"address": "Cermak"})
    phone.edit(report, {"narrative": "poison"})
    phone.edit(phone.new_id(), {"address": "Ashland"})
    assert verdicts(phone.push()) == [("applied", None), ("quarantined", "rule_failed"), ("applied", None)]
