"""The server's side of the vectors that phone and server share: what one lets through, the other must not refuse."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sync import forms

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "form.json").read_text(encoding="utf-8"))
FORM = forms.load("incident", 1)


@pytest.mark.parametrize("case", VECTORS["missing"], ids=lambda case: case["name"])
def test_missing(case: dict[str, Any]) -> None:
    assert [asdict(each) for each in forms.missing(FORM, case["snapshot"])] == case["missing"]


@pytest.mark.parametrize("case", VECTORS["visible"], ids=lambda case: case["name"])
def test_visible(case: dict[str, Any]) -> None:
    field = forms.field(FORM, case["owner"], case["field"])
    assert field is not None
    assert forms.is_visible(field, lambda name: case["values"].get(name, [])) is case["visible"]
