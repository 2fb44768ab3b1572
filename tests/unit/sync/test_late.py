"""Words that are kept aside: dismissed, or taken in as they were written, by a person who says why (P2)."""

from dataclasses import replace
from typing import Any

import pytest

from sync import merge
from sync.explain import Stored, explain
from sync.merge import origin
from sync.op import Op, corrected
from tests.unit.sync.builders import SINCE, edit, op, op_id
from tests.unit.sync.reports import (
    ADDED,
    AGENT,
    ATTEMPT,
    FIRST,
    FOOTAGE,
    FORM,
    PHOTO,
    STATES,
    disputed,
    fold,
    judge,
    listed,
    marked,
    report,
    review,
)

OPEN = ("draft", "submitted", "returned")
LATE = op("edit", edit("address", "W 26th St & Pulaski", FIRST), edit("beat", "1012"))
HASH = "ab" * 32


def admit(late: Op, *more: Any, value: Any = "correction", reason: str | None = "came late") -> Op:
    """Return the op that takes in words as they were written; `more` instead of its edits where given."""
    return op("admit", marked(late.id, value), *(more or late.edits), reason=reason)


def as_supplement(*more: Any, late: Op = LATE, reason: str | None = "came late") -> Op:
    text = edit("text", "Written at 21:40: Pulaski.", entity=ADDED)
    return op("admit", marked(late.id, "supplement"), *(more or (listed(ADDED, "supplements"), text)), reason=reason)


def dismiss(key: str, *more: Any, value: Any = "dismissed", reason: str | None = "twice") -> Op:
    return op("dismiss", marked(key, value), *more, reason=reason)


def kept(late: Op = LATE) -> dict[str, Op | None]:
    return {late.id: late}


@pytest.mark.parametrize("state", STATES)
def test_what_can_be_made_of_late_words_in_each_state(state: str) -> None:
    found = report(state)
    assert judge(dismiss(LATE.id), found, kept()) is None
    assert judge(admit(LATE), found, kept()) == (None if state in OPEN else "report_locked")
    assert judge(as_supplement(), found, kept()) == (None if state == "approved" else "not_approved")


def test_what_could_not_be_read_can_only_be_dismissed() -> None:
    """It is named by its hash, because it has no id of its own."""
    unread: dict[str, Op | None] = {HASH: None}
    assert judge(dismiss(HASH), report("approved"), unread) is None
    taken = op("admit", marked(HASH, "correction"), edit("beat", "1012"), reason="came late")
    assert judge(taken, report("draft"), unread) == "wrong_kind"


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_whoever_settles_late_words_says_why(reason: str | None) -> None:
    for made in (dismiss(LATE.id, reason=reason), admit(LATE, reason=reason), as_supplement(reason=reason)):
        assert judge(made, report("approved"), kept()) == "reason_missing"


def test_only_what_is_kept_aside_can_be_settled() -> None:
    for made in (dismiss(FIRST.id), admit(FIRST), as_supplement(late=FIRST)):
        assert judge(made, report("approved"), kept()) == "not_kept_aside"


@pytest.mark.parametrize("value", [None, True, "correction", "supplement", "applied", "", ["dismissed"], {}])
def test_a_dismissal_says_so(value: Any) -> None:
    assert judge(dismiss(LATE.id, value=value), report("draft"), kept()) == "wrong_kind"


@pytest.mark.parametrize("value", [None, True, "dismissed", "applied", "", ["correction"], {}])
def test_an_admission_says_as_what(value: Any) -> None:
    assert judge(admit(LATE, value=value), report("draft"), kept()) == "wrong_kind"


def test_a_dismissal_writes_nothing_else() -> None:
    for more in (edit("address", "Cermak"), edit("note", "x", entity="review"), listed(ADDED, "agents")):
        assert judge(dismiss(LATE.id, more), report("draft"), kept()) == "wrong_kind"


def test_one_op_settles_one_other_in_the_reviews_own_field() -> None:
    found, other = report("draft"), replace(LATE, id=op_id())
    both = {**kept(), other.id: other}
    assert judge(dismiss(LATE.id, marked(other.id, "dismissed")), found, both) == "wrong_kind"
    assert judge(op("dismiss", edit("state", "dismissed", entity="review"), reason="x"), found, both) == "wrong_kind"
    assert judge(op("dismiss", edit(f"late/{LATE.id}", "dismissed"), reason="x"), found, both) == "wrong_kind"
    assert judge(admit(LATE, *LATE.edits, edit("state", "approved", entity="review")), found, both) == "wrong_kind"


@pytest.mark.parametrize(
    "edits",
    [
        LATE.edits[:1],
        LATE.edits[::-1],
        (*LATE.edits, edit("arrived", None)),
        (replace(LATE.edits[0], value="W 26th St"), LATE.edits[1]),
        (replace(LATE.edits[0], base=()), LATE.edits[1]),
        (replace(LATE.edits[0], field="narrative"), LATE.edits[1]),
        (replace(LATE.edits[0], entity=AGENT), LATE.edits[1]),
    ],
    ids=["less", "another order", "more", "another value", "another base", "another field", "another entity"],
)
def test_a_correction_carries_the_late_edits_as_they_were_written(edits: Any) -> None:
    """P3: they stay the words of their author."""
    assert judge(admit(LATE, *edits), report("draft"), kept()) == "not_verbatim"


@pytest.mark.parametrize(("written", "sent"), [(True, 1), (0, False), ([True], [1]), ({"a": 0}, {"a": False})])
def test_yes_is_not_the_number_one_where_words_are_compared(written: Any, sent: Any) -> None:
    late = op("edit", edit("later", written))
    assert judge(admit(late, edit("later", sent)), report("draft"), kept(late)) == "not_verbatim"
    assert judge(admit(late), report("draft"), kept(late)) is None


@pytest.mark.parametrize("kind", ["submit", "return", "approve", "supplement", "resolve", "admit", "dismiss"])
def test_only_edits_and_holds_are_taken_in_as_corrections(kind: str) -> None:
    """Steps of the review are taken anew; an approved report's supplements are no corrections."""
    late = replace(LATE, kind=kind)
    assert judge(admit(late), report("draft"), kept(late)) == "wrong_kind"


def test_a_late_hold_is_taken_in() -> None:
    late = op("hold", listed(ADDED, "footage"), edit("why", "Force.", entity=ADDED))
    assert judge(admit(late), report("draft"), kept(late)) is None
    assert judge(admit(late), report("approved"), kept(late)) == "report_locked"


def test_late_words_meet_the_rules_that_they_would_have_met_in_time() -> None:
    both = disputed()
    for edits, found in (
        ([edit("address", 5)], "bad_value"),
        ([edit("text", "A.", entity=ADDED)], "unknown_entity"),
        ([listed(ADDED, "supplements"), edit("text", "A.", entity=ADDED)], "wrong_kind"),
        ([edit("sha256", "cd" * 32, FIRST, entity=PHOTO)], "written_once"),
        ([edit("@entity", None, FIRST, entity=ATTEMPT)], "written_once"),
        ([edit("address", "Corner", *both)], "conflict_needs_reason"),
        ([edit("address", "Corner", FIRST)], None),
    ):
        late = op("edit", *edits)
        assert judge(admit(late), report("draft", *both), kept(late)) == found
    stepped = op("edit", edit("state", "approved", entity="review"))
    assert judge(admit(stepped), report("draft"), kept(stepped)) == "wrong_kind"


def test_taken_in_as_a_supplement_they_only_add() -> None:
    approved = report("approved")
    text = edit("text", "Pulaski.", entity=ADDED)
    for more, found in (
        ((listed(ADDED, "notes"), text), "wrong_kind"),
        ((listed(ADDED, "supplements"), text, edit("narrative", "Else.")), "wrong_kind"),
        ((listed(ADDED, "supplements"), edit("text", 5, entity=ADDED)), "bad_value"),
        ((listed(ADDED, "supplements"), edit("text", "A.", FIRST, entity=ADDED)), "wrong_kind"),
        ((edit("why", "Else.", entity=FOOTAGE),), "wrong_kind"),
        ((listed("report", "supplements"), edit("narrative", "Else.")), "bad_value"),
    ):
        assert judge(as_supplement(*more), approved, kept()) == found
    alone = op("admit", marked(LATE.id, "supplement"), reason="came late")
    assert judge(alone, approved, kept()) == "wrong_kind"


def test_a_step_of_the_review_may_become_a_supplement_but_no_correction() -> None:
    late = review("submit", "submitted")
    assert judge(as_supplement(late=late), report("approved"), kept(late)) is None


def test_only_a_correction_takes_another_s_words_in() -> None:
    assert corrected(admit(LATE)) == LATE.id
    others = (as_supplement(), dismiss(LATE.id), dismiss(LATE.id, value="correction"), LATE)
    assert [corrected(each) for each in others] == [None] * 4
    assert corrected(op("admit", marked("a", "correction"), marked("b", "correction"))) is None


def test_words_that_are_taken_in_stay_those_of_who_wrote_them() -> None:
    """P3: nobody's testimony stands under the name of whoever let it in; the mark is the desk's own."""
    taken, words = admit(LATE), origin(LATE, "then", SINCE)
    snapshot, _ = merge.apply(fold(FIRST), taken, "later", None, words=words)
    (head,) = merge.versions(snapshot, "report", "beat")
    assert head["words_of"] == words == {name: head["words_of"][name] for name in _ORIGIN}
    assert {name: head[name] for name in _ORIGIN} == origin(taken, "later", None)
    assert "words_of" not in merge.versions(snapshot, "review", f"late/{LATE.id}")[0]
    assert "words_of" not in merge.versions(fold(FIRST, taken), "report", "beat")[0]


def test_whoever_looks_back_is_told_whose_words_they_were() -> None:
    taken, words = admit(LATE), origin(LATE, "then", SINCE)
    other = op("edit", edit("beat", "1013"))
    snapshot, _ = merge.apply(fold(FIRST), taken, "later", None, words=words)
    snapshot, _ = merge.apply(snapshot, other, "later", None)
    settling = op("resolve", edit("beat", "1013", taken, other), reason="asked both")
    snapshot, _ = merge.apply(snapshot, settling, "later", None)
    past = {each.id: Stored(each, "later", None, words if each is taken else None) for each in (taken, other, settling)}
    (settled,) = explain(snapshot, settling, FORM, lambda: past)["settled"]
    assert [version["words_of"] for version in settled["not_kept"]] == [words]


_ORIGIN = ("op", "actor", "device", "wall", "offset", "received", "not_before")
