"""An op that was kept aside and judged again takes the place that it would have had in time (P2, P8)."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync import merge
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Op
from tests.unit.sync.builders import edit, op
from tests.unit.sync.notes import FORM, fold
from tests.unit.sync.test_explain import histories, sorted_heads


def seen_by(late: Op, standing: list[Op]) -> set[tuple[str, str]]:
    """Return the fields in which an op that stands had seen the late one."""
    return {(each.entity, each.field) for other in standing for each in other.edits if late.id in each.base}


def without_one(history: list[Op], late: Op) -> Snapshot:
    """Apply a history in which one op is judged only after all others."""
    snapshot = merge.empty(history[0], "010")
    others = [each for each in history if each is not late]
    past: dict[str, Stored] = {}
    for each in [*others, late]:
        past[each.id] = Stored(each, None, None)
        superseded = seen_by(each, others) if each is late else ()
        snapshot, _ = merge.apply(snapshot, each, None, None, superseded)
        snapshot = explain(snapshot, each, FORM, lambda: past)
    return snapshot


def heads(snapshot: Snapshot) -> Any:
    return {
        entity: {field: [head["op"] for head in found] for field, found in fields.items()}
        for entity, fields in sorted_heads(snapshot)["fields"].items()
    }


def test_what_was_seen_before_it_was_judged_comes_back_as_no_head() -> None:
    first = op("edit", edit("address", "a"), edit("beat", "1012"))
    second = op("edit", edit("address", "b", first))
    snapshot, apart = merge.apply(fold(second), first, "later", None, {("report", "address")})
    assert not apart
    assert heads(snapshot) == {"report": {"address": [second.id], "beat": [first.id]}}
    assert snapshot["ops"] == 2


def test_what_nobody_had_seen_stands_beside_what_came_before_it() -> None:
    first, second = op("edit", edit("address", "a")), op("edit", edit("address", "b"))
    snapshot, apart = merge.apply(fold(second), first, None)
    assert apart
    assert heads(snapshot) == {"report": {"address": [first.id, second.id]}}


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_judged_late_or_in_time_the_same_heads_stand(history: list[Op], data: st.DataObject) -> None:
    late = data.draw(st.sampled_from(history[1:]))
    assert heads(without_one(history, late)) == heads(fold(*history))
