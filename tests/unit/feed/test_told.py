"""What the log tells of each op: its first receipt, its last, and when nothing else may follow."""

from collections.abc import Iterator
from typing import Any

import pytest

from server.feed.verify.told import ToldOps

A, B = "a" * 64, "b" * 64


@pytest.fixture
def told() -> Iterator[ToldOps]:
    found = ToldOps()
    yield found
    found.close()


def receipt(
    op: str | None, sha256: str, verdict: str = "applied", reason: str | None = None, seq: int = 1
) -> dict[str, Any]:
    return {"op": op, "sha256": sha256, "seq": seq, "verdict": verdict, "reason": reason}


def test_the_first_receipt_and_the_last_word_are_kept(told: ToldOps) -> None:
    told.tell(3, 1, 2, "then", receipt("one", A, "quarantined", "waiting_for_base"))
    told.tell(9, 0, 8, "later", receipt("one", A, "conflict", seq=7))
    found = told.of("one", A)
    assert found is not None
    assert (found.entry, found.place, found.turn, found.received) == (3, 1, 2, "then")
    assert (found.last_entry, found.last_place, found.last_turn) == (9, 0, 8)
    assert (found.seq, found.verdict, found.reason, found.known) == (7, "conflict", None, 8)
    assert found.previous == "waiting_for_base"


def test_an_op_counts_as_judged_since_its_first_receipt_that_did_not_make_it_wait(told: ToldOps) -> None:
    told.tell(1, 0, 1, "", receipt("one", A, "quarantined", "rule_failed"))
    told.tell(2, 0, 2, "", receipt("one", A))
    told.tell(3, 0, 3, "", receipt("two", B, "quarantined", "waiting_for_base"))
    assert [each and each.known for each in (told.of("one", A), told.of("two", B))] == [1, None]


@pytest.mark.parametrize(
    ("verdict", "reason", "final"),
    [
        ("applied", None, True),
        ("conflict", None, True),
        ("merged", None, True),
        ("quarantined", "report_locked", True),
        ("quarantined", "bad_signature", True),
        ("quarantined", "waiting_for_base", False),
        ("quarantined", "waiting_for_report", False),
        ("quarantined", "rule_failed", False),
        ("quarantined", "unknown_form", False),
        ("quarantined", "unknown_entity", False),
        ("quarantined", "op_id_reused", False),
    ],
)
def test_only_what_waits_may_be_mended_or_comes_again_is_told_of_anew(
    told: ToldOps, verdict: str, reason: str | None, final: bool
) -> None:
    """ADR 5: a replay repeats its receipt; only an op that was not judged for good gets another one."""
    word = receipt("one", A, verdict, reason)
    assert told.before(word) is None
    told.tell(1, 0, 1, "", word)
    before = told.before(word)
    assert before is not None
    assert before.is_final() is final
    assert before.is_repeated(word)
    assert not before.is_repeated({**word, "seq": 2})


def test_other_bytes_under_an_id_are_told_of_beside_the_op(told: ToldOps) -> None:
    told.tell(1, 0, 1, "", receipt("one", A))
    told.tell(2, 0, 2, "", receipt("one", B, "quarantined", "op_id_reused"))
    assert (told.hash_of("one"), told.hash_of("one", clash=True)) == (A, B)
    assert (told.of("one", B), told.of("one", A, clash=True)) == (None, None)
    assert (told.id_of(A), told.id_of(B), told.id_of(B, clash=True)) == ("one", None, "one")


def test_what_could_not_be_read_goes_by_its_hash(told: ToldOps) -> None:
    told.tell(1, 0, 1, "", receipt(None, A, "quarantined", "malformed"))
    assert told.id_of(A) == f"sha256:{A}"


def test_the_first_that_is_not_stored_is_the_first_in_the_log(told: ToldOps) -> None:
    for place, name in enumerate("cab"):
        told.tell(1, place, 1, "", receipt(name, name * 64))
    for name in "cb":
        found = told.of(name, name * 64)
        assert found is not None
        told.meet(found)
    left = told.first_unmet()
    assert left is not None
    assert left.op == "a"
    told.meet(left)
    assert told.first_unmet() is None


def test_an_id_that_is_no_text_is_asked_for_without_harm(told: ToldOps) -> None:
    assert told.of("\udcff", A) is None
