"""What a custodian says later, and what a person asks later."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server import outbox
from server.db import db, unit_of_work
from server.holds import jobs, service
from server.outbox.claims import claim
from sync.holds import State
from tests.integration.holds.tracker import FIELDS, Tracker
from tests.support.custodians import Line, scripted, standing
from tests.unit.holds.builders import hold_op

REPORT = "019aa000-0000-7000-8000-00000000abcd"


@pytest.mark.parametrize(("said", "state"), [("matched", State.MATCHED), ("awaiting_upload", State.AWAITING_UPLOAD)])
def test_footage_on_its_way_is_shown_as_that(tracker: Tracker, line: Line, said: str, state: State) -> None:
    intent = tracker.ask()
    line.faults += [("GET", scripted(200, standing(intent, said)))] * 2
    tracker.until(intent, state)
    tracker.step()
    assert tracker.causes(intent).count(tracker.causes(intent)[-1]) == 1
    tracker.until(intent, State.HELD)


def test_a_refusal_is_shown_with_the_custodians_words(tracker: Tracker, line: Line) -> None:
    intent = tracker.ask()
    line.faults.append(("POST", scripted(422, standing(intent, "refused", reference=None, words="No such officer."))))
    tracker.until(intent, State.REFUSED)
    tracker.rounds(2)
    assert tracker.causes(intent) == ["received", "sent", "refused"]
    assert tracker.at_custodian(intent) == []
    report = tracker.hold(intent).report_id
    (shown,) = service.statuses(db.session(), [report])[report]
    assert (shown["state"], shown["words"]) == ("refused", "No such officer.")


def test_a_custodian_that_forgot_is_told_again(tracker: Tracker, line: Line) -> None:
    """Acknowledged, then gone: it must not stay `acknowledged` while the footage is on its way to destruction."""
    intent = tracker.ask()
    line.faults += [("POST", scripted(200, standing(intent, "accepted")))]
    tracker.until(intent, State.FAILED)
    assert tracker.hold(intent).error == "custodian_forgot"
    tracker.until(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def test_a_part_of_the_window_is_not_held(tracker: Tracker, line: Line) -> None:
    intent = tracker.ask()
    part = standing(intent, "held", window={"from": "2026-02-03T21:05:00+00:00", "to": "2026-02-03T21:06:00+00:00"})
    line.faults += [("GET", scripted(200, part))]
    tracker.until(intent, State.FAILED)
    assert tracker.hold(intent).error == "custodian_holds_less"
    tracker.until(intent, State.HELD)


def test_a_wider_hold_is_the_same_hold_asked_for_anew(tracker: Tracker) -> None:
    intent = tracker.ask(report=REPORT)
    tracker.until(intent, State.HELD)
    tracker.ask(intent, REPORT, to="2026-02-03T16:30:00-06:00", device_serial="X81-200")
    assert tracker.state(intent) == State.RECEIVED
    tracker.until(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["window"] == {"from": "2026-02-03T21:05:00+00:00", "to": "2026-02-03T22:30:00+00:00"}
    assert kept["request"]["camera"]["device_serial"] == "X81-200"
    assert kept["revision"] == 2


def test_an_earlier_start_brings_the_deadline_forward(tracker: Tracker) -> None:
    """The earliest recording in the window is destroyed first."""
    intent = tracker.ask(report=REPORT)
    before = tracker.hold(intent).destroy_on
    tracker.ask(intent, REPORT, **{"from": "2026-02-03T14:05:00-06:00"})
    assert before - tracker.hold(intent).destroy_on == timedelta(hours=1)


def test_the_deadline_counts_from_the_recording_not_from_sync(tracker: Tracker) -> None:
    start = datetime.now(UTC) - timedelta(days=81)
    intent = tracker.ask(**{"from": start.isoformat(), "to": (start + timedelta(minutes=5)).isoformat()})
    assert tracker.hold(intent).destroy_on == start + timedelta(days=90)


def test_a_widening_during_delivery_is_not_lost(tracker: Tracker, line: Line) -> None:
    """The answer to the narrower request comes back after the wider one was asked for: it must settle nothing."""
    intent = tracker.ask(report=REPORT)

    def widen_meanwhile(the_line: Line, *call: Any) -> tuple[int, bytes]:
        with tracker.app.app_context():
            tracker.ask(intent, REPORT, to="2026-02-03T16:30:00-06:00")
        return the_line.forward(*call)

    line.faults.append(("POST", widen_meanwhile))
    tracker.until(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["window"]["to"] == "2026-02-03T22:30:00+00:00"


def test_an_answer_about_the_narrower_hold_settles_nothing_of_the_wider(tracker: Tracker, line: Line) -> None:
    """It was asked for before the widening and comes back after the wider hold was acknowledged."""
    intent = tracker.ask(report=REPORT)
    tracker.step()
    slow = claim()
    assert slow is not None
    errand = jobs._prepare(slow)
    assert errand is not None
    tracker.ask(intent, REPORT, to="2026-02-03T16:30:00-06:00")
    outbox.sweep(tracker.app, limit=1)
    assert tracker.state(intent) == State.ACKNOWLEDGED
    line.faults.append(("GET", scripted(200, standing(intent, "refused"))))
    jobs._read_back(errand)
    assert tracker.state(intent) == State.ACKNOWLEDGED
    tracker.until(intent, State.HELD)


def test_values_that_the_form_would_refuse_do_not_stop_a_hold(tracker: Tracker) -> None:
    """P6: it is made before its values are judged, so it bears whatever they are."""
    odd = {"wearer_star": "9" * 10_000, "device_serial": ["X81"], "why": "a\0b" * 5_000, "basis": {"no": "text"}}
    intent = tracker.ask(**odd)
    tracker.until(intent, State.HELD)
    assert tracker.hold(intent).wearer_star == "9" * 64


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"wearer_star": "99999", "report": REPORT}, "hold_names_other_camera"),
        ({"report": "019aa000-0000-7000-8000-00000000beef"}, "hold_of_other_report"),
    ],
)
def test_what_is_another_hold_is_said_so_and_touches_nothing(
    tracker: Tracker, changes: dict[str, Any], reason: str
) -> None:
    intent = tracker.ask(report=REPORT)
    asked = {**FIELDS, **changes, "to": "2026-02-03T18:00:00-06:00"}
    op = hold_op(asked, entity=intent, report=asked.pop("report"))
    with unit_of_work(None) as uow:
        assert service.on_op_stored(uow, op) == reason
    assert (tracker.hold(intent).revision, tracker.causes(intent)) == (1, ["received"])


def test_without_a_custodian_it_stays_received_and_says_so(tracker: Tracker, line: Line) -> None:
    """Another agency's camera is not in the department's evidence system, so nothing there can hold it."""
    intent = tracker.ask(kind="other_agency")
    tracker.rounds(3)
    hold = tracker.hold(intent)
    assert (hold.state, hold.error, hold.custodian) == (State.RECEIVED, "no_custodian", None)
    assert tracker.causes(intent) == ["received", "error"]
    assert line.seen == []
    assert tracker.jobs() == [("hold.submit", False, "no_custodian")]


def test_the_feed_gets_every_state(tracker: Tracker) -> None:
    report = "019aa000-0000-7000-8000-00000000abce"
    intent = tracker.ask(report=report)
    tracker.until(intent, State.HELD)
    found = service.statuses(db.session(), [report])[report]
    hold = tracker.hold(intent)
    assert found == [
        {
            "hold": hold.id,
            "footage": intent,
            "state": "held",
            "since": hold.since.isoformat().replace("+00:00", "Z"),
            "destroy_on": "2026-05-04T21:05:00Z",
            "custodian": "127.0.0.1",
            "reference": hold.reference,
            "error": None,
            "words": "Kept: exempt from deletion.",
        }
    ]
