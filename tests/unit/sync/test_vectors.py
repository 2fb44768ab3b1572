"""The server's side of the vectors that phone and server share: both overlay, write and ask alike (P2, P3)."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sync import merge, op
from sync.forms import definition, presence

FOLDER = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


RULES = vectors("form-rules.json")


@pytest.mark.parametrize("case", vectors("overlay.json")["cases"], ids=lambda case: case["name"])
def test_overlay(case: dict[str, Any]) -> None:
    snapshot = case["snapshot"]
    for each in map(op.parse, case["ops"]):
        before = merge.empty(each, case["home"]) if snapshot is None else snapshot
        snapshot, _ = merge.apply(before, each, case["received"])
    assert snapshot == case["expect"]


@pytest.mark.parametrize("case", vectors("op.json")["cases"], ids=lambda case: case["name"])
def test_op(case: dict[str, Any]) -> None:
    assert hashlib.sha256(case["text"].encode()).hexdigest() == case["sha256"]
    assert json.loads(case["text"]) == case["payload"]
    assert op.parse(case["payload"]).id == case["draft"]["op"]


@pytest.mark.parametrize("case", RULES["cases"], ids=lambda case: case["name"])
def test_missing(case: dict[str, Any]) -> None:
    form = definition.parse(RULES["form"])
    assert [asdict(each) for each in presence.missing(form, case["snapshot"])] == case["missing"]
