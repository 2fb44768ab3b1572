"""Forms are data: every definition fits its schema, makes sense in itself, and asks for nothing forbidden."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from server.catalog import service as catalog
from sync import forms
from sync.forms import FormDefinition, Section

SCHEMA = json.loads(files("sync.forms").joinpath("form.schema.json").read_text(encoding="utf-8"))
FORMS = forms.available()
INCIDENT = forms.load("incident", 1)


def owner(section: Section) -> str:
    return section.list or "report"


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a definition that a person reads."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("title", "label", "help", "item", "pattern_hint"):
                yield each
            elif key != "warning":
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("form_id", "version"), FORMS)
def test_every_definition_fits_the_schema(form_id: str, version: int) -> None:
    raw = forms.document(form_id, version)
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(raw)] == []
    assert (raw["id"], raw["version"]) == (form_id, version)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "x", "label": "X", "type": "choices", "merge": "register", "options": [{"id": "a", "label": "A"}]},
        {"id": "x", "label": "X", "type": "choice", "merge": "register"},
        {"id": "x", "label": "X", "type": "text", "merge": "set"},
        {"id": "x", "label": "X", "type": "text", "merge": "last_writer_wins"},
        {"id": "X", "label": "X", "type": "text", "merge": "register"},
        {"id": "x", "label": "X", "type": "text", "merge": "register", "pattern": "a"},
    ],
)
def test_the_schema_refuses_a_broken_field(broken: dict[str, Any]) -> None:
    form = {"id": "f", "version": 1, "title": "F", "sections": [{"id": "s", "title": "S", "fields": [broken]}]}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(form)


@pytest.mark.parametrize(("form_id", "version"), FORMS)
def test_names_are_unique_and_references_lead_somewhere(form_id: str, version: int) -> None:
    form = forms.load(form_id, version)
    sections = [section.id for section in form.sections]
    assert len(sections) == len(set(sections))
    seen: set[tuple[str, str]] = set()
    for section in form.sections:
        ids = {field.id for field in section.fields}
        assert {section.parent, section.may_belong_to} <= form.lists | {None}
        assert all(set(group.fields) <= ids for group in section.any_to_submit)
        for field in section.fields:
            assert (owner(section), field.id) not in seen
            seen.add((owner(section), field.id))
            options = [option.id for option in field.options]
            assert len(options) == len(set(options))
            assert field.show_if is None or field.show_if.field in ids - {field.id}


@pytest.mark.parametrize(("form_id", "version"), FORMS)
def test_show_if_names_values_that_the_other_field_can_have(form_id: str, version: int) -> None:
    form = forms.load(form_id, version)
    lists = catalog_options()
    for section in form.sections:
        for field in section.fields:
            if field.show_if is None:
                continue
            other = forms.field(form, owner(section), field.show_if.field)
            assert other is not None
            given = {option.id for option in other.options} | lists.get(other.options_from or "", set())
            possible = {True, False} if other.type == "boolean" else given
            assert set(field.show_if.values) <= possible, f"{section.id}.{field.id}"


def catalog_options() -> dict[str, set[str]]:
    options = json.loads(catalog.catalog().body)["options"]
    return {name: {each["id"] for each in rows} for name, rows in options.items()}


def test_every_list_that_a_field_takes_options_from_is_in_the_catalog() -> None:
    wanted = {field.options_from for field in INCIDENT.index.values() if field.options_from}
    assert wanted <= set(catalog_options())


# DOMAIN, "What an officer notes": the list of the form's fields that faithfulness rests on.
FACTS = {
    "report": "occurred_from occurred_to arrived trigger event_number rd_number address location_kind beat district "
    "lat lon accuracy_m observed crowd_control court_order warrant force assistance_requested assistance_given "
    "oemc_notified ems_requested ems_arrived narrative exculpatory",
    "officers": "star role unit watch beat_assigned",
    "agents": "agency basis supervises face_covering camera description worn_code worn_position worn_legibility "
    "stated_words shown_number",
    "attempts": "rung answered at words verified",
    "vehicles": "plate plate_state plate_seen make colour marked",
    "people": "name contact minor reprisal_risk language injury ems",
    "offenses": "offense belief facts exculpatory",
    "footage": "kind wearer_star device_serial from to docked gap gap_reason basis why",
    "photos": "sha256 type size taken_at subject caption",
    "notes": "at text",
    "supplements": "text",
}


@pytest.mark.parametrize("of", FACTS)
def test_the_incident_form_holds_what_an_officer_notes(of: str) -> None:
    held = {field for (list_id, field) in INCIDENT.index if list_id == of}
    assert set(FACTS[of].split()) <= held


def options_of(of: str, field: str) -> set[str]:
    found = forms.field(INCIDENT, of, field)
    assert found is not None
    return {option.id for option in found.options}


def test_the_ladder_has_its_rungs_and_answers() -> None:
    assert options_of("attempts", "rung") == {"supervisor", "name", "badge", "credential"}
    assert options_of("attempts", "answered") == {"shown", "stated", "partly", "refused", "unsafe", "left"}


def test_attempts_and_supplements_are_only_ever_added() -> None:
    assert INCIDENT.append_only == {"attempts", "supplements"}
    attempts = next(section for section in INCIDENT.sections if section.list == "attempts")
    assert attempts.parent == "agents"


def test_nothing_asks_for_immigration_status_nationality_birthplace_or_documents() -> None:
    """Chicago 2-173-030: no field for them. Help texts may say so; names, labels and options may not."""
    banned = ("immigra", "national", "citizen", "birth", "alien", "visa", "passport", "status", "country")
    for field in INCIDENT.index.values():
        words = " ".join([field.id, field.label, *(f"{each.id} {each.label}" for each in field.options)]).lower()
        assert not [word for word in banned if word in words], field.id


def test_no_field_for_an_agents_private_life() -> None:
    """18 USC 119: no home address, phone, e-mail or family of an agent."""
    ids = " ".join(field for (of, field) in INCIDENT.index if of in ("agents", "attempts"))
    assert not [word for word in ("home", "address", "phone", "mail", "family", "name") if word in ids]


def test_wording_suggests_nothing() -> None:
    words = " ".join(texts(forms.document("incident", 1))).lower()
    assert not [
        word for word in ("suspect", "violation", "illegal", "perpetrator", "offender", "arrest") if word in words
    ]


def test_contacts_and_names_are_restricted() -> None:
    restricted = {(of, field.id) for (of, _), field in INCIDENT.index.items() if field.restricted}
    assert {("people", "name"), ("people", "contact"), ("people", "injury")} <= restricted


def test_narrative_identification_and_refusal_are_never_merged_by_machine() -> None:
    for of, field in [
        ("report", "narrative"),
        ("attempts", "answered"),
        ("attempts", "words"),
        ("agents", "stated_words"),
    ]:
        assert forms.merge_policy(INCIDENT, of, field) == "register"


@pytest.mark.parametrize(
    ("of", "field", "policy"),
    [
        ("report", "observed", "set"),
        ("report", "observed/mask", "set"),
        ("photos", "sha256", "once"),
        ("photos", "@entity", "entity"),
        ("agents", "not_yet_known", "register"),
        ("agents", "not_yet_known/member", "set"),
        (None, "address", "register"),
    ],
)
def test_merge_policy(of: str | None, field: str, policy: str) -> None:
    assert forms.merge_policy(INCIDENT, of, field) == policy


def test_a_definition_is_loaded_once_and_frozen() -> None:
    assert forms.load("incident", 1) is forms.load("incident", 1)
    with pytest.raises(AttributeError):
        INCIDENT.title = "x"  # type: ignore[misc]
    assert isinstance(INCIDENT, FormDefinition)


@pytest.mark.parametrize(("form_id", "version"), [("incident", 2), ("incident", 0), ("../op", 1), ("", 1), ("form", 1)])
def test_an_unknown_form_says_so(form_id: str, version: int) -> None:
    with pytest.raises(forms.UnknownForm):
        forms.load(form_id, version)
