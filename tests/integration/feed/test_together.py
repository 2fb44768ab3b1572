"""Deliveries that share a transaction: who may write is asked when an op's turn comes (P9, P12)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import event, select

from demo.phone import Phone
from server.db import db
from server.feed import service
from server.feed.verify import one_state, verify
from server.holds.models import Hold
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
HOLD = {
    "kind": "bwc",
    "wearer_star": "10001",
    "from": "2026-11-23T21:05:00-06:00",
    "to": "2026-11-23T21:40:00-06:00",
    "basis": "officer_request",
}


def together(*given: tuple[Phone, list[str]]) -> dict[str, str | None]:
    """Take deliveries in at once; return by op's hash for what reason it is kept aside."""
    pushes = [service.Push(current_app.extensions["load_actor"](phone.token), ops, None) for phone, ops in given]
    db.session.rollback()
    taken = service.take_together(pushes)
    return {each.sha256: each.reason for one in taken for each in one.receipts}


def refused(*given: tuple[Phone, list[str]]) -> list[str]:
    return [reason for reason in together(*given).values() if reason]


def fits() -> bool:
    db.session.rollback()
    with one_state(db.session()) as session:
        return verify(session).misfit is None


@pytest.fixture
def author(cast: Cast, phone_of: PhoneOf) -> Phone:
    return phone_of(cast.officer)


@pytest.fixture
def partner(cast: Cast, phone_of: PhoneOf) -> Phone:
    return phone_of(cast.partner)


def shared_report(author: Phone, partner: Phone) -> str:
    """A report on which the partner is named, and which both have edited; nothing of it is on the server."""
    report = complete_report(author)
    author.add(report, "officers", {"star": partner.person.star})  # type: ignore[attr-defined]
    partner.heads.update(author.heads)
    partner.edit(report, {"address": "the north-east corner"})
    return report


@pytest.mark.parametrize("first", ["author", "partner"])
def test_p12_what_an_author_and_who_they_name_give_back_at_once_is_all_taken_in(
    author: Phone, partner: Phone, first: str
) -> None:
    report = shared_report(author, partner)
    partner.hold(report, HOLD)
    both = [(author, author.pending), (partner, partner.pending)]
    assert refused(*(both if first == "author" else both[::-1])) == []
    author.pull()
    copy = author.copies[report]
    assert (copy["quarantined"], copy["snapshot"]["author"]) == ([], author.person.id)
    assert copy["snapshot"]["ops"] == len(author.pending) + len(partner.pending)
    assert [each["state"] for each in copy["holds"]] == ["received"]
    assert len(db.session.scalars(select(Hold)).all()) == 1
    assert fits()


def test_p9_who_is_taken_off_a_report_may_not_write_after_it(author: Phone, partner: Phone) -> None:
    report = shared_report(author, partner)
    (named,) = [entity for _, entity, field in author.heads if field == "star"]
    author.push()
    partner.push()
    author.pull()
    author.remove(report, named)
    partner.edit(report, {"address": "the south-west corner"})
    assert refused((author, author.pending), (partner, partner.pending)) == ["not_allowed"]
    assert fits()


def test_who_writes_before_they_are_taken_off_is_heard(author: Phone, partner: Phone) -> None:
    report = shared_report(author, partner)
    (named,) = [entity for _, entity, field in author.heads if field == "star"]
    author.push()
    partner.push()
    author.pull()
    author.remove(report, named)
    partner.edit(report, {"address": "the south-west corner"})
    assert refused((partner, partner.pending), (author, author.pending)) == []


def test_p12_a_decision_that_comes_with_the_op_that_it_is_about_finds_it_kept(
    cast: Cast, phone_of: PhoneOf, author: Phone
) -> None:
    """Both are given back at once after a restore; the desk's comes first."""
    stranger, desk = phone_of(cast.officer_elsewhere), phone_of(cast.desk)
    report = complete_report(author)
    author.push()
    desk.pull()
    stranger.heads.update(author.heads)
    edits = [stranger.change(report, "report", "address", "the alley")]
    late = stranger.op(report, "edit", edits)
    desk.admit(report, {"op": late, "edits": edits}, "he stood there")
    assert refused((desk, desk.pending), (stranger, stranger.pending)) == ["not_allowed"]
    author.pull()
    (head,) = author.copies[report]["snapshot"]["fields"]["report"]["address"]
    assert (head["value"], head["actor"], head["words_of"]["actor"]) == ("the alley", cast.desk.id, stranger.person.id)
    assert fits()


def test_p9_a_stranger_s_ops_do_not_wait_in_a_report(author: Phone, cast: Cast, phone_of: PhoneOf) -> None:
    """What waits is nobody's to settle; so who may not write is told so at once, whatever the op builds on."""
    stranger = phone_of(cast.officer_elsewhere)
    report = complete_report(author)
    author.push()
    stranger.edit(report, {"address": "a"})
    stranger.edit(report, {"address": "b"})
    assert [each["reason"] for each in stranger.push(stranger.pending[1:])["receipts"]] == ["not_allowed"]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_naming_many_officers_asks_the_database_no_more_often_than_naming_one(
    author: Phone, cast: Cast, statements: list[str]
) -> None:
    counts = []
    for stars in (["12346"], [cast.partner.star, "22345", "30001", "77777", "88888"]):
        report = complete_report(author)
        for star in stars:
            author.add(report, "officers", {"star": star})
        given = list(author.pending)
        author.pending.clear()
        actor = current_app.extensions["load_actor"](author.token)
        statements.clear()
        service.take_together([service.Push(actor, given, None)])
        counts.append(len([each for each in statements if "user_account" in each]))
    assert counts[0] == counts[1] > 0


def test_verify_takes_two_submissions_in_the_order_in_which_they_could_be_judged(author: Phone, partner: Phone) -> None:
    """The partner's comes first and has to wait for being named; the log cannot tell that."""
    report = shared_report(author, partner)
    author.submit(report)
    partner.submit(report)
    naming = [author.pending.pop(-2)]
    assert refused((partner, partner.pending), (author, [*author.pending, *naming])) == []
    author.pull()
    assert author.copies[report]["snapshot"]["state"] == "submitted"
    assert fits()
