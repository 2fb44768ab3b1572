"""What a report tells of the ops that are kept aside: bounded, so that no one phone can make it grow (P8)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from demo.phone import Phone
from server.db import db
from server.feed.models import OpFlag, Report
from server.feed.verify import one_state, verify
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
SHOWN, SAID = 50, 64 * 1024


def ticking() -> Callable[[], datetime]:
    """A clock that goes on with each look, so that the ids of ops tell their order."""
    started, seconds = datetime.now(UTC), count()
    return lambda: started + timedelta(seconds=next(seconds))


def begun(phone: Phone) -> str:
    report = complete_report(phone)
    phone.push()
    return report


def refused(phone: Phone, report: str, number: int, narrative: str = "") -> list[str]:
    """Save what is kept aside; return the ops."""
    values = {"lat": 1000, **({"narrative": narrative} if narrative else {})}
    made = [phone.edit(report, values) for _ in range(number)]
    phone.push()
    return made


def copy_of(phone: Phone, report: str) -> dict[str, Any]:
    phone.pull()
    found: dict[str, Any] = phone.copies[report]
    return found


def history(phone: Phone, report: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = phone.call("GET", f"/api/reports/{report}/history").json["ops"]
    return found


def fits() -> bool:
    db.session.rollback()
    with one_state(db.session()) as session:
        return verify(session).misfit is None


def test_p8_a_phone_that_sends_refused_ops_for_ever_does_not_make_its_report_grow(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, desk = phone_of(cast.officer, clock=ticking()), phone_of(cast.desk)
    report = begun(officer)
    made = refused(officer, report, SHOWN + 30)
    copy = copy_of(desk, report)
    assert [each["op"] for each in copy["quarantined"]] == made[30:]
    assert copy["kept"] == len(made)
    assert {each["op"] for each in history(desk, report)} >= set(made)
    assert fits()


def test_what_is_decided_makes_room_for_what_nobody_has_decided_about(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer, clock=ticking()), phone_of(cast.desk)
    report = begun(officer)
    made = refused(officer, report, SHOWN + 2)
    copy_of(desk, report)
    for op in made[-3:]:
        desk.dismiss(report, op, "written anew")
    desk.push()
    listed = [each["op"] for each in copy_of(desk, report)["quarantined"]]
    assert listed == [*made[:-3], made[-1]]
    assert fits()


def test_p8_what_kept_ops_say_is_told_as_far_as_there_is_room_and_all_of_it_in_the_history(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, desk = phone_of(cast.officer, clock=ticking()), phone_of(cast.desk)
    report = begun(officer)
    made = refused(officer, report, 5, narrative="x" * (SAID // 4))
    entries = {each["op"]: each["edits"] for each in copy_of(desk, report)["quarantined"]}
    assert [entries[op] is None for op in made] == [True, True, False, False, False]
    stored = db.session.scalars(select(Report.facts).where(Report.id == report)).one()
    assert len(stored) < SAID + 5_000
    (whole,) = [each for each in history(desk, report) if each["op"] == made[0]]
    kept = next(each for each in desk.copies[report]["quarantined"] if each["op"] == made[0])
    desk.admit(report, {**kept, "edits": whole["payload"]["edits"]}, "it was told at the scene")
    assert desk.push()["receipts"][0]["reason"] == "bad_value"
    assert fits()


def test_what_nobody_signed_is_no_words_of_the_report_and_is_listed_last(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer, clock=ticking()), phone_of(cast.desk)
    report = begun(officer)
    (late,) = refused(officer, report, 1)
    forged = officer.payload(report, "edit", [officer.change(report, "report", "narrative", "never said")])
    tails = (f"{number:08d}" for number in range(SHOWN + 5))
    officer.push([officer.sign(forged)[:-8] + tail for tail in tails])
    copy = copy_of(desk, report)
    assert late in [each["op"] for each in copy["quarantined"]]
    assert (len(copy["quarantined"]), copy["kept"]) == (SHOWN, SHOWN + 6)
    assert "never said" not in json.dumps(copy["quarantined"])
    assert fits()


def test_other_bytes_under_an_op_s_id_stand_in_the_history_too(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = officer.new_id()
    known = officer.edit(report, {"address": "Cermak"})
    officer.push()
    change = officer.change(report, "report", "address", "forged")
    officer.push([officer.sign(officer.payload(report, "edit", [change], op=known))])
    found = [(each["op"], each["verdict"], each["reason"]) for each in history(officer, report)]
    assert found == [(known, "applied", None), (known, "quarantined", "op_id_reused")]


def test_p8_a_count_that_is_used_over_and_over_does_not_make_the_report_grow(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report = begun(officer)
    n, prev = officer.n, officer.prev
    for number in range(SHOWN):
        officer.n, officer.prev = n, prev
        officer.edit(report, {"narrative": f"{number}"})
    officer.push()
    assert len(copy_of(officer, report)["flags"]) == SHOWN
    remarks = db.session.execute(select(OpFlag.op_id, OpFlag.other_id)).all()
    assert len(remarks) < 16 * SHOWN
    assert len({row.op_id for row in remarks}) == SHOWN
    assert fits()
