"""Checks of a single value by its field's definition.

They refuse only what has the wrong shape: a value that a person typed and that merely looks unusual is kept, because
an op that is set aside at the desk costs an officer more than an odd number does. `unusual` tells of those.
"""

import re
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import Any

from sync.forms.definition import Field, FormDefinition

MAX_TEXT = 500
MAX_LONG_TEXT = 50_000
# Beyond this a phone cannot count in whole numbers.
MAX_NUMBER = 2**53
_OPTION = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})\Z")
_STAR = re.compile(r"[0-9]{1,6}\Z")
_PLATE = re.compile(r"[A-Za-z0-9 ?*.·-]{1,16}\Z")
_DISTRICT = re.compile(r"[0-9]{3}\Z")
_BEAT = re.compile(r"[0-9]{1,4}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
# A NUL or half of a surrogate pair cannot be stored as text by every database, nor printed.
_BAD_CHARACTER = re.compile("[\x00\ud800-\udfff]")


def _text(field: Field, value: Any, limit: int) -> str | None:
    if not isinstance(value, str):
        return "not_text"
    if len(value) > (field.max_length or limit):
        return "too_long"
    return "bad_character" if _BAD_CHARACTER.search(value) else None


def _short(field: Field, value: Any) -> str | None:
    return _text(field, value, MAX_TEXT)


def _long(field: Field, value: Any) -> str | None:
    return _text(field, value, MAX_LONG_TEXT)


def _option(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        return "not_an_option"
    if field.options_from:
        # The department's lists change without a new form; whether an id is listed is not a question of shape.
        return None if _OPTION.match(value) else "not_an_option"
    return None if any(option.id == value for option in field.options) else "not_an_option"


def _options(field: Field, value: Any) -> str | None:
    if not isinstance(value, list):
        return "not_a_list"
    return next((bad for each in value if (bad := _option(field, each))), None)


def _time(field: Field, value: Any) -> str | None:
    if not isinstance(value, str) or not _TIME.match(value):
        return "not_a_time"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "not_a_time"
    return None


def _number(field: Field, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not_a_number"
    if isinstance(value, float) and not isfinite(value):
        return "not_a_number"
    if abs(value) > MAX_NUMBER:
        return "out_of_range"
    low, high = field.min, field.max
    outside = (low is not None and value < low) or (high is not None and value > high)
    return "out_of_range" if outside else None


def _yes_or_no(field: Field, value: Any) -> str | None:
    return None if isinstance(value, bool) else "not_yes_or_no"


def _like(pattern: re.Pattern[str], code: str) -> Callable[[Field, Any], str | None]:
    def check(field: Field, value: Any) -> str | None:
        return None if isinstance(value, str) and pattern.match(value) else code

    return check


_CHECKS: dict[str, Callable[[Field, Any], str | None]] = {
    "text": _short,
    "longtext": _long,
    "choice": _option,
    "choices": _options,
    "datetime": _time,
    "number": _number,
    "boolean": _yes_or_no,
    "star": _like(_STAR, "not_a_star"),
    "plate": _like(_PLATE, "not_a_plate"),
    "district": _like(_DISTRICT, "not_a_district"),
    "beat": _like(_BEAT, "not_a_beat"),
    "photo": _like(_UUID, "not_a_photo"),
}


def check_value(field: Field, value: Any) -> str | None:
    """Return why a value does not fit its field, as a stable code, or None. Null and "" empty the field.

    For a checklist the value is the list of its members that are meant.
    """
    if value is None or (value == "" and field.type != "choices"):
        return None
    return _CHECKS[field.type](field, value)


def unusual(field: Field, value: Any) -> str | None:
    """Return the field's hint where a value does not look as usual. Advice for the person, nothing more."""
    if not field.pattern or not isinstance(value, str) or not value:
        return None
    return None if re.search(field.pattern, value) else field.pattern_hint


def sensitive_words(form: FormDefinition, text: str) -> list[str]:
    """Return the words of the form's warning that a text holds, so that its writer may read it again."""
    if form.warning is None:
        return []
    lowered = " ".join(text.lower().split())
    return [word for word in form.warning.words if re.search(rf"(?<![a-z]){re.escape(word)}s?(?![a-z])", lowered)]
