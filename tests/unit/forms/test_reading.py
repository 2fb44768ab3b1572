"""A definition is read whole: what its JSON says is what phone, server and export go by (DESIGN, "Forms are data")."""

from typing import Any

import pytest

from sync import forms
from sync.forms import (
    Caution,
    Field,
    FormDefinition,
    Group,
    Option,
    Section,
    ShowIf,
    check_value,
    field,
    unusual,
    visible_fields,
)
from sync.forms.definition import parse

CAMERA: dict[str, Any] = {
    "id": "camera",
    "label": "Camera seen",
    "type": "choice",
    "merge": "once",
    "options": [{"id": "worn", "label": "Worn"}, {"id": "none", "label": "None"}],
    "help": "On the agent.",
    "required": "submit",
    "show_if": {"field": "seen", "in": [True, "x", 1]},
    "sensitivity": "restricted",
}
LENGTH: dict[str, Any] = {
    "id": "length",
    "label": "Length",
    "type": "number",
    "merge": "register",
    "unit": "m",
    "min": 1,
    "max": 5,
}
CODE: dict[str, Any] = {
    "id": "code",
    "label": "Code",
    "type": "text",
    "merge": "register",
    "max_length": 4,
    "pattern": "^[0-9]+$",
    "pattern_hint": "Digits",
}
AGENCY: dict[str, Any] = {
    "id": "agency",
    "label": "Agency",
    "type": "choice",
    "merge": "register",
    "options_from": "agencies",
}
FORM: dict[str, Any] = {
    "id": "small",
    "version": 3,
    "title": "A small form",
    "warning": {"text": "Read again.", "words": ["visa"]},
    "sections": [
        {
            "id": "place",
            "title": "Place",
            "help": "Where?",
            "any_to_submit": [{"fields": ["length", "code"], "label": "One of them"}],
            "fields": [LENGTH, CODE],
        },
        {
            "id": "tries",
            "title": "Tries",
            "list": "tries",
            "item": "Try",
            "parent": "agents",
            "append_only": True,
            "fields": [CAMERA],
        },
        {
            "id": "agents",
            "title": "Agents",
            "list": "agents",
            "item": "Agent",
            "may_belong_to": "cars",
            "min_to_submit": 2,
            "fields": [AGENCY],
        },
    ],
}


@pytest.fixture
def read() -> FormDefinition:
    return parse(FORM)


def test_a_form_is_read_whole(read: FormDefinition) -> None:
    assert (read.id, read.version, read.title) == ("small", 3, "A small form")
    assert read.warning == Caution("Read again.", ("visa",))
    assert read.lists == {"tries", "agents"}
    assert read.append_only == {"tries"}
    place, tries, agents = read.sections
    assert place == Section(
        "place", "Place", place.fields, help="Where?", any_to_submit=(Group(("length", "code"), "One of them"),)
    )
    assert tries == Section("tries", "Tries", tries.fields, list="tries", item="Try", parent="agents", append_only=True)
    assert agents == Section(
        "agents", "Agents", agents.fields, list="agents", item="Agent", may_belong_to="cars", min_to_submit=2
    )


def test_a_field_is_read_whole(read: FormDefinition) -> None:
    assert field(read, "tries", "camera") == Field(
        "camera",
        "Camera seen",
        "choice",
        "once",
        options=(Option("worn", "Worn"), Option("none", "None")),
        help="On the agent.",
        required=True,
        show_if=ShowIf("seen", (True, "x", 1)),
        restricted=True,
    )
    assert field(read, "report", "length") == Field("length", "Length", "number", "register", unit="m", min=1, max=5)
    assert field(read, None, "code") == Field(
        "code", "Code", "text", "register", max_length=4, pattern="^[0-9]+$", pattern_hint="Digits"
    )
    assert field(read, "agents", "agency") == Field("agency", "Agency", "choice", "register", options_from="agencies")


def test_a_field_is_found_under_its_own_list_alone(read: FormDefinition) -> None:
    assert field(read, "agents", "camera") is None
    assert field(read, "report", "camera") is None
    assert field(read, "tries", "length") is None
    assert field(read, None, "camera") is None
    assert field(read, "tries", "camera/member") == field(read, "tries", "camera")
    assert field(read, "tries", "camera/member/more") == field(read, "tries", "camera")


def test_a_form_without_a_warning_points_out_nothing(read: FormDefinition) -> None:
    plain = parse({name: each for name, each in FORM.items() if name != "warning"})
    assert plain.warning is None
    assert forms.sensitive_words(plain, "His visa.") == []
    assert forms.sensitive_words(read, "His visa.") == ["visa"]


@pytest.mark.parametrize("member", ["id", "version", "title", "sections"])
def test_what_is_no_form_is_not_read(member: str) -> None:
    with pytest.raises(KeyError):
        parse({name: each for name, each in FORM.items() if name != member})


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(forms.UnknownForm, match="incident version 99"):
        forms.load("incident", 99)


def test_every_document_is_a_new_one() -> None:
    """Whoever changes theirs changes nobody else's."""
    forms.document("incident", 1)["sections"].clear()
    assert forms.document("incident", 1)["sections"]


def test_fields_are_shown_in_the_forms_order_beside_what_was_chosen(read: FormDefinition) -> None:
    seen, always = Field("seen", "Seen", "boolean", "register"), Field("x", "X", "text", "register")
    camera = field(read, "tries", "camera")
    assert camera is not None
    chosen: dict[str, list[Any]] = {"seen": [True]}
    assert visible_fields((always, camera, seen), lambda name: chosen.get(name, [])) == [always, camera, seen]
    chosen["seen"] = [False]
    assert visible_fields((camera, always, seen), lambda name: chosen.get(name, [])) == [always, seen]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("length", 1, None),
        ("length", 5, None),
        ("length", 0.99, "out_of_range"),
        ("length", 5.01, "out_of_range"),
        ("length", float("inf"), "not_a_number"),
        ("length", "", None),
        ("code", "1234", None),
        ("code", "12345", "too_long"),
        ("code", "ab", None),
    ],
)
def test_the_limits_of_a_field_are_its_own(read: FormDefinition, name: str, value: Any, code: str | None) -> None:
    found = field(read, None, name)
    assert found is not None
    assert check_value(found, value) == code


def test_without_limits_of_its_own_a_field_has_those_of_its_type() -> None:
    number, text = Field("n", "N", "number", "register"), Field("t", "T", "text", "register")
    low, high = Field("n", "N", "number", "register", min=2), Field("n", "N", "number", "register", max=2)
    for value, code in ((2**53, None), (-(2**53), None), (2**53 + 1, "out_of_range"), (-(2**53) - 1, "out_of_range")):
        assert check_value(number, value) == code
    assert check_value(low, 10**6) is check_value(high, -(10**6)) is None
    assert check_value(low, 1) == check_value(high, 3) == "out_of_range"
    assert check_value(text, "x" * 500) is None
    assert check_value(text, "x" * 501) == "too_long"
    long = Field("t", "T", "longtext", "register")
    assert check_value(long, "x" * 50_000) is None
    assert check_value(long, "x" * 50_001) == "too_long"


def test_an_empty_text_empties_any_field_but_a_checklist() -> None:
    for kind in ("text", "number", "datetime", "star", "boolean", "photo"):
        assert check_value(Field("x", "X", kind, "register"), "") is None
    assert check_value(Field("x", "X", "choices", "set"), "") == "not_a_list"


@pytest.mark.parametrize(
    ("kind", "fits", "code"),
    [
        ("star", ["1", "123456"], "not_a_star"),
        ("plate", ["A", "AB 12?4*.·-", "x" * 16], "not_a_plate"),
        ("district", ["010"], "not_a_district"),
        ("beat", ["1", "1012"], "not_a_beat"),
        ("photo", ["0192f3a0-0000-7000-8000-00000000000a"], "not_a_photo"),
    ],
)
def test_numbers_that_are_names_have_their_shape(kind: str, fits: list[str], code: str) -> None:
    of = Field("x", "X", kind, "register")
    for value in fits:
        assert check_value(of, value) is None
        assert check_value(of, f"{value}\n") == check_value(of, f"#{value}") == code
    for value in (5, [], {}, True, "x" * 40):
        assert check_value(of, value) == code


def test_only_a_text_that_is_there_can_look_unusual(read: FormDefinition) -> None:
    code, agency = field(read, None, "code"), field(read, "agents", "agency")
    assert code is not None
    assert agency is not None
    assert unusual(code, "12") is None
    assert unusual(code, "1a") == "Digits"
    for value in (None, "", 5, ["1a"]):
        assert unusual(code, value) is None
    assert unusual(agency, "1a") is None
