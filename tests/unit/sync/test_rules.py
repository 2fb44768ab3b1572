"""What each kind of op may do in which state, as docs/sync.md says it ("States")."""

from typing import Any

import pytest

from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Edit, Op
from tests.unit.sync.builders import OTHER, edit, op, op_id
from tests.unit.sync.reports import (
    ADDED,
    AGENT,
    ATTEMPT,
    FIRST,
    FOOTAGE,
    FORM,
    NOTE,
    PHOTO,
    STATES,
    asked_back,
    disputed,
    fold,
    judge,
    listed,
    report,
    review,
    seen,
)

OPEN = ("draft", "submitted", "returned")


@pytest.mark.parametrize(
    ("made", "allowed", "otherwise"),
    [
        (op("edit", edit("address", "Cermak", FIRST)), OPEN, "report_locked"),
        (op("hold", edit("why", "More.", FIRST, entity=FOOTAGE)), OPEN, "report_locked"),
        (op("hold", listed(ADDED, "footage"), edit("why", "Force.", entity=ADDED)), STATES, None),
        (review("submit", "submitted"), OPEN, "report_locked"),
        (review("return", "returned", asked_back()), ("submitted",), "stale_view"),
        (review("approve", "approved", seen(2)), ("submitted",), "stale_view"),
        (
            op("supplement", listed(ADDED, "supplements"), edit("text", "A.", entity=ADDED)),
            ("approved",),
            "not_approved",
        ),
    ],
    ids=["edit", "more of a hold", "new hold", "submit", "return", "approve", "supplement"],
)
@pytest.mark.parametrize("state", STATES)
def test_each_kind_has_its_states(made: Op, allowed: tuple[str, ...], otherwise: str | None, state: str) -> None:
    assert judge(made, report(state)) == (None if state in allowed else otherwise)


@pytest.mark.parametrize("state", STATES)
def test_a_conflict_is_settled_until_the_report_is_approved(state: str) -> None:
    both = disputed()
    made = op("resolve", edit("address", "Corner", *both), reason="asked both")
    assert judge(made, report(state, *both)) == (None if state in OPEN else "report_locked")


@pytest.mark.parametrize(
    "made",
    [
        op("edit", edit("state", "approved", entity="review")),
        op("edit", edit("address", "Cermak"), edit("note", "x", entity="review")),
        op("edit", listed(ADDED, "supplements"), edit("text", "A.", entity=ADDED)),
        op("hold", edit("address", "Cermak")),
        op("hold", edit("agency", "cbp", entity=AGENT)),
        op("hold", listed(ADDED, "footage"), edit("address", "Cermak")),
        op("hold", listed(ADDED, "footage"), edit("state", "approved", entity="review")),
        op("hold", edit("@entity", None, FIRST, entity=FOOTAGE)),
        op("submit", edit("state", "submitted", entity="review"), edit("address", "Cermak")),
        op("submit", edit("state", "submitted", entity="review"), edit("reasons", [], entity="review")),
        op("submit", edit("state", "submitted", entity="report")),
    ],
)
def test_each_kind_writes_only_what_is_its_own(made: Op) -> None:
    assert judge(made, report("draft")) == "wrong_kind"


def test_a_review_writes_only_its_own_fields() -> None:
    submitted = report("submitted")
    for step in (review("return", "returned", asked_back()), review("approve", "approved", seen(2))):
        for more in (edit("address", "Cermak"), edit("later", "x", entity="review"), listed(ADDED, "agents")):
            assert judge(op(step.kind, *step.edits, more), submitted) == "wrong_kind"
        assert judge(op(step.kind, *step.edits, edit("note", "Thank you.", entity="review")), submitted) is None
    assert judge(review("return", "returned", asked_back(), seen(2)), submitted) == "wrong_kind"
    assert judge(review("approve", "approved", seen(2), asked_back()), submitted) == "wrong_kind"
    assert judge(review("submit", "submitted", edit("note", "x", entity="review")), submitted) == "wrong_kind"


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "approved", None, True, ["submitted"]])
@pytest.mark.parametrize(("kind", "own"), [("submit", "submitted"), ("return", "returned"), ("approve", "approved")])
def test_a_step_of_the_review_leads_to_its_own_state(kind: str, own: str, state: Any) -> None:
    more = {"submit": [], "return": [asked_back()], "approve": [seen(2)]}[kind]
    found = judge(op(kind, edit("state", state, entity="review"), *more), report("submitted"))
    assert found == (None if state == own else "bad_value")


def test_a_step_of_the_review_must_name_its_state() -> None:
    assert judge(op("submit", edit("state", "submitted", entity="review")), report("draft")) is None
    assert judge(op("approve", seen(2)), report("submitted")) == "bad_value"
    assert judge(op("return", asked_back()), report("submitted")) == "bad_value"


@pytest.mark.parametrize(
    ("entity", "of"),
    [("report", "supplements"), ("review", "supplements"), ("report", "footage"), ("review", "agents")],
)
@pytest.mark.parametrize("kind", ["supplement", "edit", "hold"])
@pytest.mark.parametrize("state", STATES)
def test_nobody_makes_the_report_or_its_review_an_entity(kind: str, state: str, entity: str, of: str) -> None:
    """Else a supplement could write to what is approved, or open it again."""
    for more in (edit("state", "draft", entity="review"), edit("narrative", "I saw nothing.")):
        assert judge(op(kind, listed(entity, of), more), report(state)) == "bad_value"
    assert judge(op(kind, edit("@entity", None, entity=entity)), report(state)) == "bad_value"


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (op("supplement", listed(ADDED, "notes"), edit("text", "A.", entity=ADDED)), "wrong_kind"),
        (op("supplement", edit("narrative", "Else.")), "wrong_kind"),
        (op("supplement", edit("narrative", "Else.", FIRST)), "wrong_kind"),
        (op("supplement", listed(ADDED, "supplements"), edit("narrative", "Else.")), "wrong_kind"),
        (op("supplement", listed(ADDED, "supplements"), edit("state", "draft", entity="review")), "wrong_kind"),
        (op("supplement", listed(ADDED, "supplements"), edit("text", "A.", FIRST, entity=ADDED)), "wrong_kind"),
        (op("supplement", edit("text", "A.", entity=ADDED)), "unknown_entity"),
    ],
)
def test_a_supplement_only_adds(made: Op, found: str) -> None:
    assert judge(made, report("approved")) == found


def test_a_supplement_never_writes_to_an_earlier_one() -> None:
    added = op("supplement", listed(ADDED, "supplements"), edit("text", "A.", entity=ADDED))
    approved = report("approved", added)
    assert judge(op("supplement", edit("text", "B.", entity=ADDED)), approved) == "wrong_kind"
    assert judge(op("edit", edit("text", "B.", added, entity=ADDED)), report("draft", added)) == "wrong_kind"


@pytest.mark.parametrize("ops", [0, 1, 3, None, "2", [2]])
def test_what_changed_after_it_was_read_is_not_approved(ops: Any) -> None:
    """A desk signs what it saw, not what came meanwhile."""
    assert judge(review("approve", "approved", edit("seen", ops, entity="review")), report("submitted")) == "stale_view"
    assert judge(review("approve", "approved"), report("submitted")) == "stale_view"


def merged_note() -> Snapshot:
    first = op("edit", edit("text", "One. Two. Three.", entity=NOTE))
    one = op("edit", edit("text", "Eins. Two. Three.", first, entity=NOTE))
    other = op("edit", edit("text", "One. Two. Drei.", first, entity=NOTE), actor=OTHER)
    ops = (FIRST, first, one, other, review("submit", "submitted"))
    past = {each.id: Stored(each, None, None) for each in ops}
    return explain(fold(*ops), other, FORM, lambda: past)


def test_nothing_is_approved_while_a_conflict_is_open() -> None:
    assert judge(review("approve", "approved", seen(4)), report("submitted", *disputed())) == "open_conflict"


def test_nothing_is_approved_while_a_merged_text_is_not_confirmed() -> None:
    """P3: labelled as merged and confirmed by a person before sign-off."""
    found = merged_note()
    assert judge(review("approve", "approved", seen(5)), found) == "unconfirmed_merge"
    one, other = found["fields"][NOTE]["text"]
    confirmed = Edit(NOTE, "text", (one["op"], other["op"]), "Eins. Two. Drei.")
    assert judge(op("resolve", confirmed, reason="Merged text read and confirmed"), found) is None


@pytest.mark.parametrize(
    "reasons",
    [
        None,
        [],
        {},
        "Which corner?",
        [None],
        ["Which corner?"],
        [{"entity": "report", "field": "address"}],
        [{"entity": "report", "text": "Which corner?"}],
        [{"field": "address", "text": "Which corner?"}],
        [{"entity": "report", "field": "address", "text": "  \n"}],
        [{"entity": "report", "field": "address", "text": 5}],
        [{"entity": "report", "field": None, "text": "Which corner?"}],
        [*asked_back().value, {"entity": "report", "field": "beat", "text": ""}],
    ],
)
def test_a_return_says_what_is_asked_and_of_which_field(reasons: Any) -> None:
    made = review("return", "returned", edit("reasons", reasons, entity="review"))
    assert judge(made, report("submitted")) == "reason_missing"
    assert judge(review("return", "returned"), report("submitted")) == "reason_missing"


def test_nothing_incomplete_is_submitted() -> None:
    emptied = op("edit", edit("narrative", " ", FIRST))
    assert judge(review("submit", "submitted"), report("draft", emptied)) == "incomplete"


def test_only_a_resolution_ends_a_conflict() -> None:
    both = disputed()
    apart = report("draft", *both)
    assert judge(op("edit", edit("address", "Corner", *both)), apart) == "conflict_needs_reason"
    assert judge(op("edit", edit("address", "Corner", both[0])), apart) is None
    cameras = disputed("why", FOOTAGE)
    assert judge(op("hold", edit("why", "Force.", *cameras, entity=FOOTAGE)), report("draft", *cameras)) == (
        "conflict_needs_reason"
    )


def test_equal_values_written_apart_are_taken_up_without_a_reason() -> None:
    both = [op("edit", edit("address", "Corner", FIRST)) for _ in range(2)]
    assert judge(op("edit", edit("address", "North corner", *both)), report("draft", *both)) is None


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_a_resolution_says_why(reason: str | None) -> None:
    both = disputed()
    made = op("resolve", edit("address", "Corner", *both), reason=reason)
    assert judge(made, report("draft", *both)) == "reason_missing"


def test_a_resolution_takes_out_nothing_that_stands_alone() -> None:
    both, beat = disputed(), op("edit", edit("beat", "1012"))
    apart = report("draft", *both, beat)

    def settle(*edits: Edit) -> str | None:
        return judge(op("resolve", *edits, reason="asked"), apart)

    corner = edit("address", "Corner", *both)
    assert settle(corner) is None
    assert settle(edit("narrative", "Else.", FIRST)) == "no_conflict"
    assert settle(corner, edit("beat", "1013", beat, FIRST)) == "no_conflict"
    assert settle(edit("address", "Corner")) == "no_conflict"
    assert settle(edit("address", "Corner", both[0])) == "no_conflict"
    assert settle(edit("address", "Corner", both[0], both[0])) == "no_conflict", "one version, named twice"
    assert settle(edit("state", "approved", *both, entity="review")) == "wrong_kind"
    assert settle(corner, edit("note", "x", entity="review")) == "wrong_kind"
    assert settle(corner, listed(ADDED, "agents")) == "wrong_kind"


def test_a_resolution_that_comes_after_another_one_stands_beside_it() -> None:
    """P2: it was written in good faith, and a conflict shows both."""
    both = disputed()
    settled = report("draft", *both, op("resolve", edit("address", "Corner", *both), reason="asked"))
    assert judge(op("resolve", edit("address", "School", *both), reason="asked too"), settled) is None


def test_what_is_written_once_stays() -> None:
    found = report("draft")
    again, other = "ab" * 32, "cd" * 32
    assert judge(op("edit", edit("sha256", again, FIRST, entity=PHOTO)), found) is None
    assert judge(op("edit", edit("sha256", other, FIRST, entity=PHOTO)), found) == "written_once"
    assert judge(op("edit", edit("sha256", other, entity=PHOTO)), found) == "written_once"
    assert judge(op("edit", edit("rung", "badge", FIRST, entity=ATTEMPT)), found) == "written_once"
    assert judge(op("edit", edit("at", "2026-11-23T21:14:00Z", entity=ATTEMPT)), found) is None
    stale = op("resolve", edit("sha256", other, FIRST, op("edit"), entity=PHOTO), reason="asked")
    assert judge(stale, found) == "written_once"


def test_an_attempt_is_never_removed_and_an_agent_can_be() -> None:
    found = report("draft")
    assert judge(op("edit", edit("@entity", None, FIRST, entity=ATTEMPT)), found) == "written_once"
    assert judge(op("edit", edit("@entity", None, FIRST, entity=AGENT)), found) is None
    assert judge(op("edit", listed(op_id(), "attempts", AGENT)), found) is None
