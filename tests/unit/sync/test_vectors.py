"""The server's side of the vectors that phone and server share: both overlay, patch, write and ask alike (P2, P3).

The phone's side is pwa/tests/sync.test.ts. Either fails where a vector is not run: a rule that only one of them
keeps is no shared rule.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sync import forms, merge, op, patch
from sync.forms import definition, presence

FOLDER = Path(__file__).parents[2] / "vectors"
Vectors = dict[str, Any]
Case = dict[str, Any]


def read(name: str) -> Vectors:
    found: Vectors = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def names(file: str, cases: list[Case]) -> list[str]:
    return [f"{file}: {each['name']}" for each in cases]


def every_vector() -> Iterator[str]:
    """Name every case of every list of every file."""
    for path in sorted(FOLDER.glob("*.json")):
        for part in read(path.name).values():
            if isinstance(part, list):
                yield from names(path.name, part)


RUN: list[str] = []


def vectors(file: str, part: str = "cases") -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    """Run a test with each case of a list, and note that they are run."""
    cases = read(file)[part]
    RUN.extend(names(file, cases))
    return pytest.mark.parametrize("case", cases, ids=[each["name"] for each in cases])


def test_every_vector_is_run() -> None:
    assert sorted(RUN) == sorted(every_vector())


def test_no_two_vectors_have_one_name() -> None:
    assert len(set(every_vector())) == len(list(every_vector()))


@vectors("overlay.json")
def test_overlay(case: Case) -> None:
    snapshot = case["snapshot"]
    # What the server holds of the ops that a phone gives back is a replay; the phone has to tell by itself which.
    for each in (each for each in map(op.parse, case["ops"]) if each.id not in case.get("held", [])):
        before = merge.empty(each, case["home"]) if snapshot is None else snapshot
        snapshot, _ = merge.apply(before, each, case["received"])
    assert snapshot == case["expect"]


@vectors("reading.json")
def test_reading(case: Case) -> None:
    assert [list(each) for each in merge.conflicts(case["snapshot"])] == case["conflicts"]
    assert [list(each) for each in merge.unconfirmed(case["snapshot"])] == case["unconfirmed"]


@vectors("patch.json")
def test_patch(case: Case) -> None:
    before = copy.deepcopy(case["copy"])
    if case["expect"] is None:
        with pytest.raises(ValueError, match="follows on"):
            patch.patched(case["copy"], case["change"])
    else:
        assert patch.patched(case["copy"], case["change"]) == case["expect"]
    assert case["copy"] == before


@vectors("op.json")
def test_op(case: Case) -> None:
    assert hashlib.sha256(case["text"].encode()).hexdigest() == case["sha256"]
    assert json.loads(case["text"]) == case["payload"]
    assert op.parse(case["payload"]).id == case["draft"]["op"]


RULES = definition.parse(read("form-rules.json")["form"])
INCIDENT = forms.load("incident", 1)


@vectors("form-rules.json")
def test_missing_by_the_rules(case: Case) -> None:
    assert [asdict(each) for each in presence.missing(RULES, case["snapshot"])] == case["missing"]


@vectors("form.json", "missing")
def test_missing_in_an_incident(case: Case) -> None:
    assert [asdict(each) for each in forms.missing(INCIDENT, case["snapshot"])] == case["missing"]


@vectors("form.json", "visible")
def test_visible_in_an_incident(case: Case) -> None:
    field = forms.field(INCIDENT, case["owner"], case["field"])
    assert field is not None
    assert forms.is_visible(field, lambda name: case["values"].get(name, [])) is case["visible"]
