"""The data that a department starts with is whole, and the rules read their numbers from it."""

import json
from datetime import timedelta
from importlib.resources import files
from typing import Any

from server.catalog import service


def content() -> Any:
    return json.loads(service.catalog().body)


def test_there_are_22_districts_with_codes_of_three_digits() -> None:
    codes = {each["district"] for each in content()["districts"]}
    assert len(codes) == 22
    assert all(len(code) == 3 and code.isdigit() for code in codes)


def test_offense_ids_are_unique_and_say_what_they_are() -> None:
    rows = content()["offenses"]["offenses"]
    assert len({row["id"] for row in rows}) == len(rows)
    assert "officer's belief" in content()["offenses"]["status"]


def test_the_hold_policy_is_the_law_and_the_department_s_padding() -> None:
    found = service.hold_policy()
    assert found.days == 90
    assert (found.pad_before, found.pad_after) == (timedelta(minutes=2), timedelta(minutes=10))
    assert content()["hold"]["days"] == found.days


def test_the_legal_bases_are_those_of_the_act() -> None:
    assert service.legal_bases() == {
        "officer_request",
        "supervisor_determination",
        "prosecutor_determination",
        "complaint",
        "detention_or_arrest",
        "death_or_great_bodily_harm",
    }


def test_every_form_is_served_as_it_is_stored() -> None:
    stored = json.loads(files("sync.forms").joinpath("incident.v1.json").read_text(encoding="utf-8"))
    assert content()["forms"] == [stored]
    assert [(form.id, form.version) for form in service.forms()] == [("incident", 1)]


def test_the_version_follows_the_content() -> None:
    assert content()["version"] == service.catalog().version
    assert len(service.catalog().version) == 16
