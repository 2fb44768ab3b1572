"""A form definition in memory: frozen, loaded once, found by id and version."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

REPORT = "report"
ENTITY = "@entity"
_NAME = re.compile(r"([a-z][a-z0-9_]*)\.v([0-9]+)\.json\Z")


class UnknownForm(Exception):
    """No definition of this id and version is here; a newer server may have it."""


@dataclass(frozen=True, slots=True)
class Option:
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class ShowIf:
    """Shown when `field`, of the same section, has one of these values."""

    field: str
    values: tuple[str | bool | float, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `merge` is `register`, `text`, `set` or `once`; `pattern` is advice and never refuses a value."""

    id: str
    label: str
    type: str
    merge: str
    options: tuple[Option, ...] = ()
    options_from: str | None = None
    help: str | None = None
    required: bool = False
    show_if: ShowIf | None = None
    restricted: bool = False
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of which at least one has a value before submit."""

    fields: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form. With `list` its fields belong to each entity of that list, else to the report."""

    id: str
    title: str
    fields: tuple[Field, ...]
    help: str | None = None
    list: str | None = None
    item: str | None = None
    parent: str | None = None
    may_belong_to: str | None = None
    min_to_submit: int = 0
    append_only: bool = False
    any_to_submit: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Caution:
    """Words after which a person is asked to read a text again, and what they are told."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormDefinition:
    id: str
    version: int
    title: str
    sections: tuple[Section, ...]
    lists: frozenset[str]
    append_only: frozenset[str]
    warning: Caution | None
    index: Mapping[tuple[str, str], Field]


def _read_field(raw: Mapping[str, Any]) -> Field:
    plain = {key: value for key, value in raw.items() if key not in ("options", "show_if", "sensitivity")}
    plain["required"] = "required" in raw
    show = raw.get("show_if")
    return Field(
        **plain,
        options=tuple(Option(**option) for option in raw.get("options", ())),
        show_if=ShowIf(show["field"], tuple(show["in"])) if show else None,
        restricted=raw.get("sensitivity") == "restricted",
    )


def _read_section(raw: Mapping[str, Any]) -> Section:
    plain = {key: value for key, value in raw.items() if key not in ("fields", "any_to_submit")}
    return Section(
        **plain,
        fields=tuple(_read_field(each) for each in raw["fields"]),
        any_to_submit=tuple(Group(tuple(each["fields"]), each["label"]) for each in raw.get("any_to_submit", ())),
    )


def parse(raw: Mapping[str, Any]) -> FormDefinition:
    """Read a definition that fits `form.schema.json`. Raises KeyError or TypeError for one that does not."""
    sections = tuple(_read_section(each) for each in raw["sections"])
    warning = raw.get("warning")
    return FormDefinition(
        id=raw["id"],
        version=raw["version"],
        title=raw["title"],
        sections=sections,
        lists=frozenset(each.list for each in sections if each.list),
        append_only=frozenset(each.list for each in sections if each.list and each.append_only),
        warning=Caution(warning["text"], tuple(warning["words"])) if warning else None,
        index=MappingProxyType({(each.list or REPORT, found.id): found for each in sections for found in each.fields}),
    )


@lru_cache(maxsize=1)
def available() -> tuple[tuple[str, int], ...]:
    """Return (id, version) of every definition here, in order."""
    names = (_NAME.match(each.name) for each in files(__package__).iterdir())
    return tuple(sorted((name[1], int(name[2])) for name in names if name))


@lru_cache(maxsize=64)
def _text(form_id: str, version: int) -> str:
    if (form_id, version) not in available():
        raise UnknownForm(f"{form_id} version {version}")
    return files(__package__).joinpath(f"{form_id}.v{version}.json").read_text(encoding="utf-8")


def document(form_id: str, version: int) -> dict[str, Any]:
    """Return the definition as the JSON that phones get; a new object each time. Raises UnknownForm."""
    found: dict[str, Any] = json.loads(_text(form_id, version))
    return found


@lru_cache(maxsize=64)
def load(form_id: str, version: int) -> FormDefinition:
    """Return a definition; the same object each time. Raises UnknownForm."""
    return parse(document(form_id, version))


def field(form: FormDefinition, owner: str | None, field_id: str) -> Field | None:
    """Return a field of the report (`owner` "report" or None) or of a list; None where the form does not know it."""
    return form.index.get((owner or REPORT, field_id.partition("/")[0]))


def merge_policy(form: FormDefinition, owner: str | None, field_id: str) -> str:
    """Return how concurrent values of a field meet. A field that the form does not know is a register: all shown."""
    if field_id == ENTITY:
        return "entity"
    known = field(form, owner, field_id)
    if known is not None:
        return known.merge
    return "set" if "/" in field_id else "register"
