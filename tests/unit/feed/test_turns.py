"""Whose turn it is: the first that nothing bars, and each is looked at only when what barred it has changed (P8)."""

from itertools import pairwise

from server.feed.turns import PERMISSION, Turns
from server.feed.work import Arrival
from sync.op import Edit, Op


def arrival(name: str, *base: str, entity: str = "report", field: str = "address") -> Arrival:
    edits = (Edit(entity, field, base, "x"),)
    op = Op(name, "d", 1, None, "u", "r", "edit", edits, "incident", 1, "2026-11-23T21:14:05Z", 0, None, None)
    return Arrival(op, f"hash of {name}", "2026-11-23T21:15:00+00:00")


def order(turns: Turns) -> list[str]:
    found = []
    while (each := turns.next(lambda _: None)) is not None:
        found.append(each.op.id)
        turns.judged(each.op.id)
    return found


def test_the_first_that_can_be_judged_comes_first() -> None:
    turns = Turns([arrival("c", "b"), arrival("b", "a"), arrival("a"), arrival("d")], set())
    assert order(turns) == ["a", "b", "c", "d"]
    assert turns.left() == []


def test_what_builds_on_something_that_has_not_come_is_left() -> None:
    turns = Turns([arrival("b", "a"), arrival("d", "known"), arrival("c", "b")], {"known"})
    assert order(turns) == ["d"]
    assert [each.op.id for each in turns.left()] == ["b", "c"]


def test_p8_many_that_wait_in_reverse_are_looked_at_once_each() -> None:
    looked = 0
    names = [str(number) for number in range(2000)]
    turns = Turns([arrival(name, after) for name, after in pairwise(names)], set())
    turns.judged(names[-1])

    def look(_: Arrival) -> None:
        nonlocal looked
        looked += 1

    while (each := turns.next(look)) is not None:
        turns.judged(each.op.id)
    assert (looked, turns.left()) == (len(names) - 1, [])


def test_who_is_barred_is_looked_at_again_once_that_has_changed() -> None:
    turns = Turns([arrival("a"), arrival("b")], set())
    barred = {"a": PERMISSION}
    assert turns.next(lambda each: barred.get(each.op.id)) == arrival("b")
    assert turns.next(lambda each: barred.get(each.op.id)) is None
    barred.clear()
    assert turns.next(lambda each: barred.get(each.op.id)) is None
    turns.lift(PERMISSION)
    assert order(turns) == ["a"]


def test_who_is_taken_out_has_no_turn_and_holds_up_nobody() -> None:
    turns = Turns([arrival("a"), arrival("b", "a"), arrival("c", "never")], set())
    assert turns.next(lambda _: PERMISSION) is None
    assert [each.op.id for each in turns.take_out(lambda each: each.op.id == "a")] == ["a"]
    turns.judged("a")
    turns.lift(PERMISSION)
    assert order(turns) == ["b"]
    assert [each.op.id for each in turns.left()] == ["c"]


def test_a_decision_about_an_op_waits_for_its_judgement() -> None:
    decision = arrival("dismissal", entity="review", field="late/a")
    assert order(Turns([decision, arrival("a")], set())) == ["a", "dismissal"]
    assert order(Turns([decision], set())) == ["dismissal"]
