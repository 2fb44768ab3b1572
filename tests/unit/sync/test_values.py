"""Which values an op may write at all, whatever its kind; and that nothing a client can send makes a rule fail (P8)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import merge
from sync.op import KINDS, BadOp, Edit, parse
from sync.verdicts import REASONS
from tests.unit.sync.builders import AUTHOR, DEVICE, REPORT_ID, edit, op, op_id
from tests.unit.sync.reports import (
    ADDED,
    AGENT,
    ATTEMPT,
    FIRST,
    FOOTAGE,
    NOTE,
    PHOTO,
    STATES,
    disputed,
    judge,
    listed,
    report,
)

FOUND = report("draft")


@pytest.mark.parametrize("value", [None, "", "W 26th St", "x" * 300])
def test_a_value_that_fits_its_field_is_taken(value: Any) -> None:
    assert judge(op("edit", edit("address", value, FIRST)), FOUND) is None


@pytest.mark.parametrize("value", [5, True, [], {}, "x" * 301, "\ud800"])
def test_a_value_that_does_not_fit_its_field_is_not(value: Any) -> None:
    made = edit("address", value, FIRST)
    assert judge(op("edit", made), FOUND) == "bad_value"
    assert judge(op("edit", edit("beat", "1012"), made), FOUND) == "bad_value", "nor beside one that fits"
    assert judge(op("resolve", made, reason="asked"), FOUND) == "bad_value"


def test_a_value_is_judged_by_the_field_of_its_own_list() -> None:
    """`at` of an attempt is a time, `role` is known of officers alone."""
    assert judge(op("edit", edit("at", "soon", entity=ATTEMPT)), FOUND) == "bad_value"
    assert judge(op("edit", edit("at", "soon", entity=AGENT)), FOUND) is None
    assert judge(op("edit", listed(ADDED, "officers"), edit("role", "boss", entity=ADDED)), FOUND) == "bad_value"
    assert judge(op("edit", edit("role", "boss", entity=ADDED), listed(ADDED, "officers")), FOUND) == "bad_value"
    assert judge(op("edit", listed(ADDED, "agents"), edit("role", "boss", entity=ADDED)), FOUND) is None


@pytest.mark.parametrize("value", [None, 5, "x", True, {"deep": [1]}])
def test_what_the_form_does_not_know_is_kept_as_it_is(value: Any) -> None:
    for made in (edit("later", value), edit("later", value, entity=AGENT), edit("later/member", value)):
        assert judge(op("edit", made), FOUND) is None
    assert judge(op("edit", listed(ADDED, "later"), edit("words", value, entity=ADDED)), FOUND) is None


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("observed/mask", True, None),
        ("observed/mask", False, None),
        ("observed/mask", None, None),
        ("observed/never_listed", True, "bad_value"),
        ("observed/mask", "mask", "bad_value"),
        ("observed/mask", 1, "bad_value"),
        ("observed", ["mask"], None),
        ("observed", ["never_listed"], "bad_value"),
    ],
)
def test_a_member_of_a_checklist_is_yes_or_no(field: str, value: Any, found: str | None) -> None:
    assert judge(op("edit", edit(field, value)), FOUND) == found


@pytest.mark.parametrize(
    "value",
    [
        *(5, "agents", [], True, False, 0, "", {}, {"parent": None}),
        *({"list": None}, {"list": ["agents"]}, {"list": {}}, {"list": {"a": 1}}),
        *({"list": "agents", "parent": 5}, {"list": "agents", "parent": ["x"]}),
    ],
)
def test_an_entity_is_made_by_its_list_and_parent(value: Any) -> None:
    made = edit("@entity", value, entity=ADDED)
    for edits in ([made], [edit("agency", "unknown", entity=ADDED), made], [made, edit("later", 1, entity=ADDED)]):
        assert judge(op("edit", *edits), FOUND) == "bad_value"


def test_an_entity_never_changes_its_list_or_parent() -> None:
    """In another list, other rules would guard its fields."""
    for of, parent, found in (
        ("attempts", AGENT, None),
        ("attempts", None, "bad_value"),
        ("attempts", NOTE, "bad_value"),
        ("notes", AGENT, "bad_value"),
    ):
        assert judge(op("edit", edit("@entity", {"list": of, "parent": parent}, FIRST, entity=ATTEMPT)), FOUND) == found
    moved = edit("@entity", {"list": "agents"}, FIRST, entity=AGENT)
    assert judge(op("edit", moved), FOUND) is None, "no parent is the same as a parent of null"


def test_an_entity_that_is_only_known_to_be_removed_is_still_to_be_made() -> None:
    removed = op("edit", edit("@entity", None, entity=ADDED))
    assert judge(op("edit", listed(ADDED, "agents")), report("draft", removed)) is None


@pytest.mark.parametrize("kind", ["edit", "hold", "supplement", "resolve"])
def test_an_entity_that_nobody_made_is_not_written_to(kind: str) -> None:
    assert judge(op(kind, edit("text", "x", entity=ADDED), reason="asked"), FOUND) == "unknown_entity"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ENTITY_VALUES = st.fixed_dictionaries(
    {}, optional={"list": st.sampled_from(["agents", "supplements", "footage"]) | JSON, "parent": JSON}
)
REASONS_GIVEN = st.lists(
    st.fixed_dictionaries({}, optional={"entity": JSON, "field": JSON, "text": st.just("Which?") | JSON}) | JSON
)
BOTH = disputed()
ASIDE = op("edit", edit("address", "late", FIRST))
KNOWN = st.sampled_from([FIRST.id, BOTH[0].id, BOTH[1].id])
FIELDS = st.sampled_from(
    [
        *(
            "address",
            "observed/mask",
            "observed",
            "district",
            "lat",
            "later",
            "@entity",
            "sha256",
            "at",
            "text",
            "rung",
        ),
        *("state", "reasons", "seen", "note", f"late/{ASIDE.id}", "late/unknown"),
    ]
)
EDITS = st.fixed_dictionaries(
    {
        "entity": st.sampled_from(["report", "review", AGENT, ATTEMPT, PHOTO, FOOTAGE, NOTE, ADDED, op_id()]),
        "field": FIELDS,
        "base": st.lists(KNOWN, max_size=3),
        "value": JSON
        | ENTITY_VALUES
        | REASONS_GIVEN
        | st.sampled_from(["submitted", "approved", "correction", "supplement", "dismissed", 2, 4]),
    }
)
PAYLOADS = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "op": st.just(op_id()),
        "device": st.just(DEVICE),
        "n": st.just(1),
        "actor": st.just(AUTHOR),
        "report": st.just(REPORT_ID),
        "kind": st.sampled_from(KINDS),
        "edits": st.lists(EDITS, min_size=1, max_size=4),
        "form": st.just({"id": "incident", "version": 1}),
        "time": st.just({"wall": "2026-11-23T21:14:00Z", "utc_offset": -360}),
        "reason": st.sampled_from([None, "", "asked"]),
    }
)


@settings(max_examples=400, deadline=None)
@given(PAYLOADS, st.sampled_from([report(state, *BOTH) for state in STATES]))
def test_nothing_that_a_client_can_send_makes_a_rule_fail(payload: dict[str, Any], found: merge.Snapshot) -> None:
    """It gets a reason that is documented, or becomes a snapshot that can be stored and served."""
    try:
        made = parse(payload)
    except BadOp as bad:
        assert bad.reason in REASONS  # noqa: PT017
        return
    if judge(made, found, {ASIDE.id: ASIDE}) is None and not merge.missing_entities(made, found):
        after, _ = merge.apply(found, made, None)
        json.dumps(after)
        merge.conflicts(after)


PLAUSIBLE = st.builds(
    Edit,
    entity=st.sampled_from(["report", "review", AGENT, FOOTAGE, ADDED]),
    field=st.sampled_from(["@entity", "@entity", "state", "narrative", "text", "why"]),
    base=st.just(()) | st.just((FIRST.id,)),
    value=st.sampled_from(["draft", "I saw nothing.", {"list": "supplements"}, {"list": "footage"}, None]),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PLAUSIBLE, min_size=1, max_size=3, unique_by=lambda each: (each.entity, each.field)),
    st.sampled_from(["edit", "hold", "supplement", "resolve"]),
)
def test_whatever_is_written_to_an_approved_report_leaves_what_was_approved(edits: list[Edit], kind: str) -> None:
    """Only new footage and supplements are added; no value that the desk signed gets company."""
    approved = report("approved")
    made = op(kind, *edits, reason="asked")
    if judge(made, approved) is None:
        after, _ = merge.apply(approved, made, None)
        assert after["state"] == "approved"
        assert {entity: after["fields"][entity] for entity in approved["fields"]} == approved["fields"]
