"""P9: who sees which holds; and the way of a hold through the one door to the feeds of its readers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from demo.phone import Phone
from server import outbox
from server.audit.models import AuditEvent
from server.config import Settings
from server.db import UnitOfWork, db
from server.feed import service as feed
from server.holds import service as holds
from sync.holds import State
from sync.op import Op
from tests.integration.holds.tracker import FIELDS, Tracker
from tests.support.cast import Cast, Member

PhoneOf = Callable[..., Phone]
SignIn = Callable[[Member], dict[str, str]]


def _pushed(phone: Phone) -> tuple[str, str]:
    report = phone.new_id()
    footage = phone.hold(report, FIELDS)
    assert [each["verdict"] for each in phone.push()["receipts"]] == ["applied"]
    return report, footage


def test_a_hold_of_a_report_that_is_not_there_yet(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    """Holds travel first: this one arrives before any text of its report, and is delivered at once."""
    _, footage = _pushed(phone_of(cast.officer))
    tracker.until(footage, State.HELD)
    assert len(tracker.at_custodian(footage)) == 1


def test_every_step_reaches_phone_and_desk(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, footage = _pushed(officer)
    for state in ("received", "acknowledged", "held"):
        if state != "received":
            tracker.step()
        for phone in (officer, desk):
            (came,) = phone.pull()
            (hold,) = came["holds"]
            assert (came["report"], hold["footage"], hold["state"]) == (report, footage, state)


def test_a_hold_whose_base_has_not_come_is_sent_all_the_same(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    """The op waits for its neighbours, visibly; the footage must not."""
    phone = phone_of(cast.officer)
    report, footage = phone.new_id(), phone.new_id()
    phone.heads[report, footage, "kind"] = [phone.new_id()]
    phone.add(report, "footage", FIELDS, kind="hold", entity=footage)
    (receipt,) = phone.push()["receipts"]
    assert (receipt["verdict"], receipt["reason"]) == ("quarantined", "waiting_for_base")
    tracker.until(footage, State.HELD)
    assert len(tracker.at_custodian(footage)) == 1


def test_p6_a_hold_that_failed_halfway_leaves_nothing_and_is_sent_once_it_can_be_made(
    tracker: Tracker, cast: Cast, phone_of: PhoneOf
) -> None:
    """P8: its op is kept. P6, P13: no job and no audit event tell of a hold that is not there."""

    def failing(uow: UnitOfWork, op: Op) -> str | None:
        holds.on_op_stored(uow, op)
        raise RuntimeError("the database was away for the last statement")

    phone = phone_of(cast.officer)
    with patch.dict(tracker.app.extensions["consequences"], {"hold": failing}):
        footage = phone.hold(phone.new_id(), FIELDS)
        (receipt,) = phone.push()["receipts"]
    assert (receipt["verdict"], receipt["reason"]) == ("quarantined", "rule_failed")
    assert tracker.jobs() == []
    assert not [each for each in db.session.scalars(select(AuditEvent.action)) if each.startswith("hold.")]
    assert feed.rejudge() == 1
    tracker.until(footage, State.HELD)
    assert len(tracker.at_custodian(footage)) == 1


def test_a_hold_that_names_another_camera_is_kept_and_shown(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, footage = _pushed(phone)
    phone.pull()
    phone.edit(report, {**FIELDS, "wearer_star": "99999"}, footage, kind="hold")
    (receipt,) = phone.push()["receipts"]
    assert (receipt["verdict"], receipt["reason"]) == ("quarantined", "hold_names_other_camera")
    (copy,) = phone.pull()
    assert [each["reason"] for each in copy["quarantined"]] == ["hold_names_other_camera"]
    assert tracker.hold(footage).wearer_star == "12345"


def test_steps_and_pushes_at_once_lose_neither(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    """P2, P4: a worker writes the report's row too; it must not put an older snapshot over a newer one."""
    phone = phone_of(cast.officer)
    report = phone.new_id()
    footages = [phone.hold(report, {**FIELDS, "wearer_star": str(10_000 + each)}) for each in range(6)]
    phone.push()

    def work() -> None:
        for _ in range(12):
            outbox.sweep(tracker.app, limit=3)

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(work) for _ in range(2)]
        for number in range(15):
            phone.edit(report, {"address": f"Corner {number}"})
            phone.push()
        for each in workers:
            each.result()
    for footage in footages:
        tracker.until(footage, State.HELD)
    phone.pull()
    copy = phone.copies[report]
    assert copy["snapshot"]["ops"] == len(footages) + 15
    assert [head["value"] for head in copy["snapshot"]["fields"]["report"]["address"]] == ["Corner 14"]
    assert [hold["state"] for hold in copy["holds"]] == ["held"] * len(footages)


def test_a_replayed_push_is_one_hold(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    """P5: the phone did not see the answer and sends the same bytes again."""
    phone = phone_of(cast.officer)
    footage = phone.hold(phone.new_id(), FIELDS)
    sent = list(phone.pending)
    first = phone.push(sent)
    tracker.until(footage, State.HELD)
    assert phone.push(sent)["receipts"] == first["receipts"]
    tracker.rounds(2)
    (kept,) = tracker.at_custodian(footage)
    assert kept["deliveries"] == 1


def test_the_board_puts_the_most_urgent_first(
    tracker: Tracker, cast: Cast, phone_of: PhoneOf, client: FlaskClient, sign_in: SignIn
) -> None:
    phone = phone_of(cast.officer)
    report, later = _pushed(phone)
    sooner = phone.hold(report, {**FIELDS, "from": "2026-02-01T10:00:00-06:00", "kind": "in_car"})
    phone.push()
    found = client.get("/api/holds", headers=sign_in(cast.desk)).get_json()["holds"]
    assert [each["footage"] for each in found] == [sooner, later]
    assert found[1] == {
        "hold": tracker.hold(later).id,
        "footage": later,
        "report": report,
        "state": "received",
        "since": found[1]["since"],
        "destroy_on": "2026-05-04T21:05:00Z",
        "custodian": None,
        "reference": None,
        "error": None,
        "words": None,
        "camera": "bwc",
        "wearer_star": "12345",
        "device_serial": None,
        "from": "2026-02-03T21:05:00Z",
        "to": "2026-02-03T21:40:00Z",
        "basis": "officer_request",
    }


@pytest.mark.parametrize(
    ("who", "status", "count"),
    [
        ("desk", 200, 1),
        ("supervisor", 200, 1),
        ("desk_elsewhere", 200, 0),
        ("officer", 403, None),
        ("admin", 403, None),
        ("auditor", 403, None),
    ],
)
def test_a_desk_sees_its_own_district(
    app: object,
    cast: Cast,
    phone_of: PhoneOf,
    client: FlaskClient,
    sign_in: SignIn,
    who: str,
    status: int,
    count: int | None,
) -> None:
    _pushed(phone_of(cast.officer))
    answer = client.get("/api/holds", headers=sign_in(getattr(cast, who)))
    assert answer.status_code == status
    if count is not None:
        assert len(answer.get_json()["holds"]) == count


def test_a_stranger_sees_nothing(client: FlaskClient, settings: Settings) -> None:
    answer = client.get("/api/holds")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "login_required")


def test_p13_each_step_has_one_audit_event(tracker: Tracker, cast: Cast, phone_of: PhoneOf) -> None:
    _, footage = _pushed(phone_of(cast.officer))
    tracker.until(footage, State.HELD)
    statement = select(AuditEvent).where(AuditEvent.subject == tracker.hold(footage).id).order_by(AuditEvent.n)
    events = db.session.scalars(statement).all()
    assert [each.action for each in events] == ["hold.received", "hold.sent", "hold.acknowledged", "hold.read_back"]
    assert [each.actor for each in events] == [cast.officer.id, "system", "system", "system"]
    assert "Force was used" not in str([each.detail for each in events])
