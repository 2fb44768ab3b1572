"""Which fields are shown, and what a report still needs before it can be submitted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sync.forms.definition import ENTITY, REPORT, Field, FormDefinition, Section

Snapshot = Mapping[str, Any]
# Every current value of a field: none, one, or in a conflict several; for a checklist its members.
ValuesOf = Callable[[str], list[Any]]


@dataclass(frozen=True, slots=True)
class Missing:
    """What submit still needs. For a list that is too short `entity` is "report" and `field` the list."""

    section: str
    entity: str
    field: str
    label: str


def is_visible(field: Field, values_of: ValuesOf) -> bool:
    """Tell whether a field is shown beside the other values of its section or entity."""
    if field.show_if is None:
        return True
    wanted = field.show_if.values
    return any(
        type(value) is type(each) and value == each for value in values_of(field.show_if.field) for each in wanted
    )


def visible_fields(fields: tuple[Field, ...], values_of: ValuesOf) -> list[Field]:
    """Return the fields that are shown, in the form's order."""
    return [field for field in fields if is_visible(field, values_of)]


def missing(form: FormDefinition, snapshot: Snapshot) -> list[Missing]:
    """Return what submit still needs, in the form's order. A field in conflict is not missing: it has values."""
    found: list[Missing] = []
    for section in form.sections:
        if section.list is None:
            found += _missing_fields(section, REPORT, snapshot)
            continue
        entities = list(_present(snapshot, section.list))
        if len(entities) < section.min_to_submit:
            label = f"{section.item} (at least {section.min_to_submit})"
            found.append(Missing(section.id, REPORT, section.list, label))
        for entity in entities:
            found += _missing_fields(section, entity, snapshot)
    return found


def _present(snapshot: Snapshot, wanted: str) -> Iterator[str]:
    """Yield the entities of a list that stand; one inside a removed entity is out of sight and asks for nothing."""
    entities = snapshot["entities"]
    for entity, about in entities.items():
        parent = entities.get(about.get("parent"), {})
        if about["list"] == wanted and not about["removed"] and not parent.get("removed"):
            yield entity


def _missing_fields(section: Section, entity: str, snapshot: Snapshot) -> Iterator[Missing]:
    def values_of(field: str) -> list[Any]:
        return values_in(snapshot, entity, field)

    for field in section.fields:
        if field.required and is_visible(field, values_of) and not _has_value(values_of(field.id)):
            yield Missing(section.id, entity, field.id, field.label)
    for group in section.any_to_submit:
        if not any(_has_value(values_of(field)) for field in group.fields):
            yield Missing(section.id, entity, group.fields[0], group.label)


def values_in(snapshot: Snapshot, entity: str, field: str) -> list[Any]:
    """Return every current value of a field; for a checklist the members that are meant."""
    fields = snapshot["fields"].get(entity, {})
    members = [
        name.partition("/")[2]
        for name, heads in fields.items()
        if name.startswith(f"{field}/") and any(head["value"] is True for head in heads)
    ]
    return members + [head["value"] for head in fields.get(field, ()) if field != ENTITY]


def _has_value(values: list[Any]) -> bool:
    return any(not (value is None or value == [] or (isinstance(value, str) and not value.strip())) for value in values)
