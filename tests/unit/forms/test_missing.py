"""What submit still needs: few things, and only those that are shown."""

from collections.abc import Callable
from typing import Any

import pytest

from sync import forms
from sync.forms import Field, ShowIf, is_visible
from sync.forms.definition import parse
from sync.forms.presence import values_in

FORM = forms.load("incident", 1)
Snapshot = dict[str, Any]
AGENT = "0198c1d2-0000-7000-8000-000000000001"


def heads(*values: Any) -> list[dict[str, Any]]:
    return [{"op": str(place), "value": value} for place, value in enumerate(values)]


def complete() -> Snapshot:
    """Return the least report that can be submitted."""
    return {
        "entities": {AGENT: {"list": "agents", "parent": None, "removed": False, "flagged": False}},
        "fields": {
            "report": {
                "address": heads("W 26th St"),
                "occurred_from": heads("2026-11-23T21:10:00-06:00"),
                "narrative": heads("Two agents stood at the corner."),
            },
            AGENT: {"@entity": heads({"list": "agents", "parent": None}), "agency": heads("unknown")},
        },
        "ops": 2,
    }


def places(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    return [(each.section, each.entity, each.field) for each in forms.missing(FORM, snapshot)]


def test_the_least_report_can_be_submitted() -> None:
    assert places(complete()) == []


def test_an_empty_report_misses_four_things() -> None:
    assert places({"entities": {}, "fields": {}}) == [
        ("place", "report", "occurred_from"),
        ("place", "report", "address"),
        ("agents", "report", "agents"),
        ("narrative", "report", "narrative"),
    ]


@pytest.mark.parametrize("blank", [None, "", "  \n"])
def test_a_blank_is_no_value(blank: Any) -> None:
    snapshot = complete()
    snapshot["fields"]["report"]["narrative"] = heads(blank)
    assert places(snapshot) == [("narrative", "report", "narrative")]


def test_a_beat_stands_for_an_address() -> None:
    snapshot = complete()
    del snapshot["fields"]["report"]["address"]
    assert places(snapshot) == [("place", "report", "address")]
    snapshot["fields"]["report"]["beat"] = heads("1012")
    assert places(snapshot) == []


def test_a_field_in_conflict_hasvalues_in() -> None:
    snapshot = complete()
    snapshot["fields"]["report"]["narrative"] = heads("One agent.", "Two agents.")
    assert places(snapshot) == []


def test_every_agent_needs_an_agency() -> None:
    snapshot = complete()
    del snapshot["fields"][AGENT]["agency"]
    assert places(snapshot) == [("agents", AGENT, "agency")]


def test_a_removed_agent_neither_counts_nor_asks() -> None:
    snapshot = complete()
    snapshot["entities"][AGENT]["removed"] = True
    del snapshot["fields"][AGENT]["agency"]
    assert places(snapshot) == [("agents", "report", "agents")]


def chosen(**values: list[Any]) -> Callable[[str], list[Any]]:
    return lambda name: values.get(name, [])


def test_show_if_follows_the_other_field() -> None:
    words = forms.field(FORM, "agents", "agency_words")
    assert words is not None
    assert not is_visible(words, chosen())
    assert not is_visible(words, chosen(agency=["ice_ero"]))
    assert is_visible(words, chosen(agency=["unknown"]))
    assert is_visible(words, chosen(agency=["ice_ero", "unknown"])), "in a conflict nothing is hidden"


def test_show_if_tells_true_from_one() -> None:
    field = Field("x", "X", "text", "register", show_if=ShowIf("gap", (True,)))
    assert is_visible(field, chosen(gap=[True]))
    assert not is_visible(field, chosen(gap=[1]))


def test_show_if_on_a_checklist_reads_its_members() -> None:
    field = forms.field(FORM, "report", "crowd_control")
    assert field is not None
    snapshot = complete()
    snapshot["fields"]["report"]["observed/crowd_control"] = heads(False, True)
    assert is_visible(field, lambda name: values_in(snapshot, "report", name))
    snapshot["fields"]["report"]["observed/crowd_control"] = heads(False)
    assert not is_visible(field, lambda name: values_in(snapshot, "report", name))


def test_what_is_inside_a_removed_entity_asks_for_nothing() -> None:
    inner = {"id": "rung", "label": "Asked for", "type": "text", "merge": "once", "required": "submit"}
    outer = {"id": "agency", "label": "Agency", "type": "text", "merge": "register"}
    form = parse(
        {
            "id": "small",
            "version": 1,
            "title": "Small",
            "sections": [
                {"id": "agents", "title": "Agents", "list": "agents", "item": "Agent", "fields": [outer]},
                {
                    "id": "tries",
                    "title": "Tries",
                    "list": "tries",
                    "item": "Try",
                    "parent": "agents",
                    "fields": [inner],
                },
            ],
        }
    )
    agent = {"list": "agents", "parent": None, "removed": False, "flagged": False}
    attempt = {"list": "tries", "parent": AGENT, "removed": False, "flagged": False}
    snapshot: Snapshot = {"entities": {AGENT: agent, "try": attempt}, "fields": {}}
    assert [(each.entity, each.field) for each in forms.missing(form, snapshot)] == [("try", "rung")]
    agent["removed"] = True
    assert forms.missing(form, snapshot) == []
