"""A value is refused for its shape only; what merely looks odd is kept and pointed out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import forms
from sync.forms import Field

FORM = forms.load("incident", 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def get(of: str, name: str) -> Field:
    found = forms.field(FORM, of, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("of", "name", "value", "code"),
    [
        ("report", "address", "W 26th St & S Pulaski Rd", None),
        ("report", "address", 7, "not_text"),
        ("report", "address", "x" * 301, "too_long"),
        ("report", "narrative", "x" * 50_000, None),
        ("report", "narrative", "x" * 50_001, "too_long"),
        ("report", "narrative", "a\x00b", "bad_character"),
        ("report", "narrative", "half a pair \ud83d", "bad_character"),
        ("report", "occurred_from", "2026-11-23T21:10:00-06:00", None),
        ("report", "occurred_from", "2026-11-24T03:10Z", None),
        ("report", "occurred_from", "2026-11-23T21:10:00", "not_a_time"),
        ("report", "occurred_from", "2026-02-30T21:10:00Z", "not_a_time"),
        ("report", "occurred_from", "2026-11-23T21:10:00Z\n", "not_a_time"),
        ("report", "occurred_from", 1764000000, "not_a_time"),
        ("report", "trigger", "observed", None),
        ("report", "trigger", "guessed", "not_an_option"),
        ("report", "trigger", ["observed"], "not_an_option"),
        ("report", "lat", 41.84, None),
        ("report", "lat", 91, "out_of_range"),
        ("report", "lat", "41.84", "not_a_number"),
        ("report", "lat", True, "not_a_number"),
        ("report", "lat", float("nan"), "not_a_number"),
        ("report", "accuracy_m", 3000, None),
        ("photos", "size", 10**400, "out_of_range"),
        ("report", "district", "010", None),
        ("report", "district", "10", "not_a_district"),
        ("report", "beat", "1012", None),
        ("report", "beat", "10A", "not_a_beat"),
        ("report", "observed", ["mask", "home_entry"], None),
        ("report", "observed", [], None),
        ("report", "observed", ["mask", "guessed"], "not_an_option"),
        ("report", "observed", "mask", "not_a_list"),
        ("report", "observed", "", "not_a_list"),
        ("officers", "star", "12345", None),
        ("officers", "star", 12345, "not_a_star"),
        ("officers", "star", "12 345", "not_a_star"),
        ("vehicles", "plate", "AB 12?4", None),
        ("vehicles", "plate", "<script>", "not_a_plate"),
        ("people", "minor", False, None),
        ("people", "minor", "no", "not_yes_or_no"),
        ("offenses", "offense", "0460-battery---simple", None),
        ("offenses", "offense", "listed next year", "not_an_option"),
        ("agents", "agency", "an_agency_of_a_later_list", None),
    ],
)
def test_check_value(of: str, name: str, value: Any, code: str | None) -> None:
    assert forms.check_value(get(of, name), value) == code


@pytest.mark.parametrize("field", FORM.index.values(), ids=lambda field: field.id)
def test_a_field_can_always_be_emptied(field: Field) -> None:
    assert forms.check_value(field, None) is None


@given(field=st.sampled_from(sorted(FORM.index.values(), key=lambda each: each.id)), value=JSON)
def test_whatever_a_client_sends_gets_a_code_and_no_exception(field: Field, value: Any) -> None:
    code = forms.check_value(field, value)
    assert code is None or code.replace("_", "").isalpha()


def test_an_unusual_rd_number_is_pointed_out_and_kept() -> None:
    rd = get("report", "rd_number")
    assert forms.unusual(rd, "JK123456") is None
    assert forms.unusual(rd, "JI123456") == rd.pattern_hint
    assert forms.check_value(rd, "JI123456") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He said he was undocumented.", ["undocumented"]),
        ("They asked for his Green\n card and visas", ["green card", "visa"]),
        ("Said: A-Number, please", ["a-number"]),
        ("She visas", ["visa"]),
        ("An advisory was read, he improvisated.", []),
        ("Agent wore a vest and gave no name.", []),
    ],
)
def test_words_of_immigration_status_are_pointed_out(text: str, words: list[str]) -> None:
    assert sorted(forms.sensitive_words(FORM, text)) == sorted(words)
