"""Field ids are permanent: a newer version of a form adds and retires, and changes nothing that was answered (P2)."""

from copy import deepcopy
from itertools import combinations_with_replacement
from typing import Any

import pytest

from sync import forms
from sync.forms.definition import parse

PLACE: dict[str, Any] = {
    "id": "place",
    "title": "Place",
    "fields": [
        {"id": "address", "label": "Address", "type": "text", "merge": "register", "max_length": 100},
        {"id": "district", "label": "District", "type": "choice", "merge": "register", "options_from": "districts"},
    ],
}
AGENTS: dict[str, Any] = {
    "id": "agents",
    "title": "Agents",
    "list": "agents",
    "item": "Agent",
    "fields": [
        {
            "id": "camera",
            "label": "Camera seen",
            "type": "choice",
            "merge": "register",
            "options": [{"id": "worn", "label": "Worn"}, {"id": "none", "label": "None"}],
        },
        {"id": "words", "label": "Words", "type": "longtext", "merge": "register"},
    ],
}
OLD: dict[str, Any] = {"id": "small", "version": 1, "title": "Small", "sections": [PLACE, AGENTS]}


def changed(section: int, place: int, **members: Any) -> dict[str, Any]:
    """Return version 2, with a field changed; a member given as None is left out."""
    new = deepcopy(OLD) | {"version": 2}
    fields = new["sections"][section]["fields"]
    whole = {**fields[place], **members}
    fields[place] = {name: each for name, each in whole.items() if each is not None}
    return new


def broken(new: dict[str, Any]) -> list[str]:
    return forms.broken(parse(OLD), parse(new))


def test_every_version_that_is_here_keeps_what_an_earlier_one_asked() -> None:
    every = [forms.load(*each) for each in forms.available()]
    assert every
    for one, other in combinations_with_replacement(every, 2):
        assert one.id != other.id or forms.broken(one, other) == [], f"{one.id}: {one.version} to {other.version}"


def test_a_newer_version_adds_fields_options_and_sections() -> None:
    new = changed(1, 0, options=[{"id": "hand", "label": "In hand"}, *AGENTS["fields"][0]["options"]])
    new["sections"][0]["fields"].append({"id": "beat", "label": "Beat", "type": "beat", "merge": "register"})
    new["sections"].append({**AGENTS, "id": "cars", "list": "cars"})
    assert broken(new) == []


def test_a_newer_version_words_anew_and_asks_otherwise() -> None:
    """What was answered stays what it was; how it is asked for is the form's own."""
    assert broken(changed(0, 0, label="Where", help="Or a crossing", max_length=50, required="submit")) == []
    assert broken(changed(1, 0, options=[{"id": "worn", "label": "On the body"}, {"id": "none", "label": "-"}])) == []


def test_a_newer_version_retires_a_field_by_leaving_it_out() -> None:
    new = deepcopy(OLD)
    del new["sections"][0]["fields"][1]
    del new["sections"][1]["fields"][0]
    assert broken(new) == []


def test_a_section_of_the_form_may_be_cut_in_two() -> None:
    """Fields belong to the report or to a list, not to the page on which they are asked."""
    new = deepcopy(OLD)
    moved = new["sections"][0]["fields"].pop()
    new["sections"].append({"id": "more", "title": "More", "fields": [moved]})
    assert broken(new) == []


@pytest.mark.parametrize(
    ("new", "found"),
    [
        (changed(0, 0, type="longtext"), ["report.address changed its type from text to longtext"]),
        (changed(1, 1, merge="text"), ["agents.words changed its merge policy from register to text"]),
        (changed(0, 0, merge="once"), ["report.address changed its merge policy from register to once"]),
        (
            changed(0, 1, options_from="agencies"),
            ["report.district changed its list of options from districts to agencies"],
        ),
        (
            changed(0, 1, options_from=None, options=[{"id": "010", "label": "10th"}]),
            ["report.district changed its list of options from districts to its own"],
        ),
        (
            changed(1, 0, options=None, options_from="agencies"),
            [
                "agents.camera changed its list of options from its own to agencies",
                "agents.camera lost the option none",
                "agents.camera lost the option worn",
            ],
        ),
        (changed(1, 0, options=[{"id": "worn", "label": "Worn"}]), ["agents.camera lost the option none"]),
        (changed(0, 0, id="street"), ["report.address was renamed to street"]),
        (changed(1, 1, id="said"), ["agents.words was renamed to said"]),
    ],
)
def test_what_was_answered_is_never_changed(new: dict[str, Any], found: list[str]) -> None:
    assert broken(new) == found


def test_a_field_never_moves_to_another_list() -> None:
    new = deepcopy(OLD)
    new["sections"][0]["fields"].append(new["sections"][1]["fields"].pop())
    assert broken(new) == ["agents.words moved to report"]
    new["sections"][1]["list"] = "federal"
    assert broken(new) == ["agents.camera moved to federal", "agents.words moved to report"]


def test_another_field_of_that_name_elsewhere_is_no_move() -> None:
    new = deepcopy(OLD)
    new["sections"][0]["fields"].append({**AGENTS["fields"][1], "label": "Words heard"})
    assert broken(new) == []


def test_a_new_field_with_another_label_is_no_renamed_one() -> None:
    new = changed(0, 0, id="street", label="Street")
    assert broken(new) == []
