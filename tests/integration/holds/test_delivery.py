"""P6: one effective hold per intent at the custodian, whatever the line, the workers or the phone do."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from server import outbox
from server.db import db
from server.holds import jobs
from server.holds.service import statuses
from server.outbox.claims import claim
from sync.holds import State
from tests.integration.holds.tracker import Tracker
from tests.support.custodians import Fault, Line, cut, error_after, error_before, late, scripted, standing


def test_a_hold_is_followed_until_it_is_held(tracker: Tracker) -> None:
    intent = tracker.ask()
    assert tracker.state(intent) == State.RECEIVED
    tracker.until(intent, State.HELD)
    assert tracker.causes(intent) == ["received", "sent", "acknowledged", "read_back"]
    (kept,) = tracker.at_custodian(intent)
    assert tracker.hold(intent).reference == kept["reference"]
    assert kept["request"]["camera"]["wearer_star"] == "12345"
    assert kept["window"] == {"from": "2026-02-03T21:05:00+00:00", "to": "2026-02-03T21:40:00+00:00"}
    assert [done for _, done, _ in tracker.jobs()] == [True, True]


def test_an_acceptance_alone_is_not_held(tracker: Tracker, line: Line) -> None:
    """A custodian may even say `held` in its acceptance: only the read-back counts."""
    intent = tracker.ask()
    line.faults.append(("POST", scripted(200, standing(intent, "held"))))
    tracker.step()
    assert tracker.state(intent) == State.ACKNOWLEDGED
    assert tracker.causes(intent)[-1] == "acknowledged"


def test_a_repeated_op_is_the_same_hold(tracker: Tracker) -> None:
    """P5: replayed before and after delivery, it is one hold with one event each step."""
    intent = tracker.ask(report="019aa000-0000-7000-8000-00000000abcd")
    again = {"intent": intent, "report": "019aa000-0000-7000-8000-00000000abcd"}
    tracker.ask(**again)
    tracker.until(intent, State.HELD)
    tracker.ask(**again)
    tracker.rounds(2)
    assert tracker.causes(intent) == ["received", "sent", "acknowledged", "read_back"]
    (kept,) = tracker.at_custodian(intent)
    assert kept["deliveries"] == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", [late, error_after, cut])
def test_after_an_unknown_outcome_it_asks_before_it_sends_again(tracker: Tracker, line: Line, fault: Fault) -> None:
    intent = tracker.ask()
    line.faults.append(("POST", fault))
    tracker.until(intent, State.FAILED)
    tracker.until(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["deliveries"] == 1
    assert line.seen[:2] == ["POST", "GET"]


@pytest.mark.parametrize("why", ["Agents used force \ud83d", "a\0b", "\ud83d"])
def test_p6_no_text_stops_a_hold(tracker: Tracker, why: str) -> None:
    """Half an emoji is what a phone's keyboard leaves when a text is cut at a length."""
    intent = tracker.ask(why=why, wearer_star="123\ud83d45", place="\udc00")
    tracker.until(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["request"]["camera"]["wearer_star"] == "12345"


def test_a_custodian_s_words_and_reference_are_mended(tracker: Tracker, line: Line) -> None:
    intent = tracker.ask()
    answer = standing(intent, "accepted", reference="R\0-1\ud83d", words="Evidence\0 kept \ud83d")
    line.faults.append(("POST", scripted(200, answer)))
    tracker.step()
    assert tracker.hold(intent).reference == "R-1"
    with tracker.app.app_context():
        shown = statuses(db.session(), [tracker.hold(intent).report_id])[tracker.hold(intent).report_id]
    assert [each["words"] for each in shown] == ["Evidence kept "]


def test_errors_are_tried_again_until_they_end(tracker: Tracker, line: Line) -> None:
    intent = tracker.ask()
    line.faults += [("POST", error_before)] * 3
    tracker.until(intent, State.FAILED)
    assert tracker.hold(intent).error == "custodian_error"
    tracker.until(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1
    assert tracker.causes(intent) == ["received", "sent", "send_failed", "acknowledged", "read_back"]


@pytest.mark.usefixtures("hasty")
def test_while_the_question_fails_nothing_is_sent_again(tracker: Tracker, line: Line) -> None:
    """Sending blind would be right only by the custodian's own care; asking first is ours."""
    intent = tracker.ask()
    line.faults += [("POST", late), ("GET", error_before), ("GET", error_before)]
    tracker.until(intent, State.FAILED)
    tracker.step()
    tracker.step()
    assert line.seen == ["POST", "GET", "GET"]
    tracker.until(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def test_a_custodian_that_is_away_gets_it_when_it_is_back(tracker: Tracker) -> None:
    tracker.stand_in.stop()
    intent = tracker.ask()
    for _ in range(3):
        tracker.step()
    assert (tracker.state(intent), tracker.hold(intent).error) == (State.FAILED, "custodian_error")
    tracker.stand_in.start()
    tracker.until(intent, State.HELD)
    assert tracker.hold(intent).error is None


def test_many_workers_make_one_hold_each(tracker: Tracker) -> None:
    """The sweepers of several processes and RQ beside them, all at once."""
    intents = [tracker.ask() for _ in range(6)]

    def work(_: int) -> None:
        for _ in range(40):
            outbox.sweep(tracker.app, limit=1)

    for _ in range(4):
        tracker.hurry()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
    for intent in intents:
        tracker.until(intent, State.HELD)
        (kept,) = tracker.at_custodian(intent)
        assert kept["deliveries"] == 1
        assert tracker.causes(intent) == ["received", "sent", "acknowledged", "read_back"]


def test_a_worker_that_dies_after_sending_is_taken_over(tracker: Tracker, line: Line) -> None:
    """The request left and its answer was never stored: the next worker asks, and finds it."""
    intent = tracker.ask()
    job = claim()
    assert job is not None
    errand = jobs._prepare(job)
    assert errand is not None
    errand.custodian.submit(errand.request)
    assert tracker.state(intent) == State.SUBMITTED
    tracker.until(intent, State.HELD)
    (kept,) = tracker.at_custodian(intent)
    assert kept["deliveries"] == 1
    assert line.seen[:2] == ["POST", "GET"]


def test_a_worker_that_dies_before_sending_is_taken_over(tracker: Tracker) -> None:
    intent = tracker.ask()
    job = claim()
    assert job is not None
    assert jobs._prepare(job) is not None
    tracker.until(intent, State.HELD)
    assert len(tracker.at_custodian(intent)) == 1


def test_a_worker_that_lost_its_lease_changes_nothing(tracker: Tracker) -> None:
    """It slept through its lease; another finished the hold. What it brings back is dropped by the fence."""
    intent = tracker.ask()
    sleeper = claim()
    assert sleeper is not None
    errand = jobs._prepare(sleeper)
    assert errand is not None
    tracker.until(intent, State.HELD)
    before = tracker.causes(intent)
    with pytest.raises(outbox.LeaseLost):
        jobs._deliver(errand)
    assert tracker.causes(intent) == before
    assert tracker.state(intent) == State.HELD
    assert len(tracker.at_custodian(intent)) == 1
