"""Reason codes are documented and stable, and a receipt says what was stored (P7)."""

import re
from pathlib import Path

from sync import verdicts
from sync.verdicts import MENDABLE, REASONS, Receipt, Verdict

ROOT = Path(__file__).parents[3]


def test_what_may_be_lifted_is_a_reason() -> None:
    assert set(MENDABLE) <= set(REASONS)


def test_every_reason_is_told_in_a_sentence() -> None:
    for code, told in REASONS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code), code
        assert re.fullmatch(r"[A-Z][^\n]+\.", told), code
    assert len(set(REASONS.values())) == len(REASONS)


def test_every_reason_can_be_met() -> None:
    """A code that no rule gives any longer is a promise to nobody."""
    source = "\n".join(
        path.read_text()
        for folder in ("sync", "server")
        for path in (ROOT / folder).rglob("*.py")
        if path != Path(verdicts.__file__)
    )
    assert {code for code in REASONS if f'"{code}"' not in source} == set()


def test_the_four_verdicts_are_those_that_phones_know() -> None:
    assert [str(each) for each in Verdict] == ["applied", "merged", "conflict", "quarantined"]


def test_a_receipt_is_the_same_wherever_it_is_written() -> None:
    receipt = Receipt("an op", "ab" * 32, 7, Verdict.QUARANTINED, "bad_value")
    assert receipt.as_json() == {
        "op": "an op",
        "sha256": "ab" * 32,
        "seq": 7,
        "verdict": "quarantined",
        "reason": "bad_value",
    }
    assert list(receipt.as_json()) == ["op", "sha256", "seq", "verdict", "reason"]
    assert Receipt(None, "ab" * 32, 7, "applied").as_json()["reason"] is None
