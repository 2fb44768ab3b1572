"""docs/sync.md, run: each of its examples is carried out by the rules themselves, in every order of arrival."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sync import merge
from sync.op import KINDS, REVIEW, parse
from sync.verdicts import REASONS, Receipt, Verdict
from tests.unit.sync.worked import NotUnderstood, World, ident, names_in, place_of, read_ops

TEXT = (Path(__file__).parents[3] / "docs" / "sync.md").read_text(encoding="utf-8")
# Each rule has an example at least; a rule that loses its last one is no longer shown to hold.
RULES = [
    *("heads", "equal", "waiting", "order", "register", "text", "set", "once", "list", "district"),
    *("seen", "bracket", "resolve", "settled", "merged"),
    *("submit", "return", "approve", "edit", "hold", "supplement", "admit", "dismiss"),
    *("late", "removal", "form", "values", "patch", "cursor"),
]
ORDERED = "in this order"
MOST_OPS = 6


@dataclass(frozen=True)
class Block:
    """A fenced block of the document: what stands behind the fence, and its lines."""

    label: str
    line: int
    lines: tuple[str, ...]

    @property
    def rules(self) -> list[str]:
        """The rules that an example shows; none for a block of another kind."""
        kind, _, rules = self.label.removesuffix(ORDERED).partition(" ")
        return rules.split() if kind == "example" else []

    def __str__(self) -> str:
        return f"{self.label} (line {self.line})"


def _blocks() -> Iterator[Block]:
    opened: tuple[str, int, list[str]] | None = None
    for number, line in enumerate(TEXT.splitlines(), 1):
        if line.startswith("```") and opened is None:
            opened = (line[3:].strip(), number, [])
        elif line.startswith("```") and opened is not None:
            yield Block(opened[0], opened[1], tuple(opened[2]))
            opened = None
        elif opened is not None:
            opened[2].append(line)
    assert opened is None, "a block has no end"


BLOCKS = list(_blocks())
EXAMPLES = [each for each in BLOCKS if each.rules]


def test_every_block_of_the_document_is_of_a_kind_that_is_checked() -> None:
    others = [each.label for each in BLOCKS if not each.rules]
    assert set(others) == {"json op", "json receipt", "mermaid"}
    assert {rule for each in EXAMPLES for rule in each.rules} - set(RULES) == set()
    # Counted in another way than `_blocks` does, so that none can go missing there.
    assert len(re.findall(r"(?m)^```example ", TEXT)) == len(EXAMPLES)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_an_example(rule: str) -> None:
    assert [each for each in EXAMPLES if rule in each.rules]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example(example: Block) -> None:
    expected = [line for line in example.lines if line.startswith("=> ")]
    assert expected, "the example expects nothing"
    if example.label.endswith(ORDERED):
        _run(example.lines)
        return
    ops = [line for line in example.lines if not line.startswith("=> ")]
    assert len(ops) <= MOST_OPS
    worlds = [_run([*order, *expected]) for order in itertools.permutations(ops)]
    ends = {json.dumps(each.end(), sort_keys=True) for each in worlds}
    assert len(ends) == 1, "the order of arrival changed what stands, what is asked or what was settled"


def test_what_is_not_understood_fails() -> None:
    for line in ("A: address is south", "=> address", "A: edit address = south on {}", "A: address = 1 on {} really"):
        with pytest.raises(NotUnderstood):
            _run([line])


def _run(lines: list[str] | tuple[str, ...]) -> World:
    world = World()
    for line in lines:
        if line.startswith("=> "):
            _expect(world, line.removeprefix("=> "))
        elif mark := re.fullmatch(r"mark (\d+)", line):
            world.mark(int(mark[1]))
        elif cursor := _CURSOR.fullmatch(line):
            world.cursor(*cursor.groups())
        else:
            for op in read_ops(line):
                world.arrive(op)
    return world


def _expect(world: World, line: str) -> None:
    for pattern, check in _CHECKS:
        found = re.fullmatch(pattern, line)
        if found:
            check(world, *found.groups())
            return
    raise NotUnderstood(line)


def _value(world: World, place: str, value: str) -> None:
    heads = merge.versions(world.snapshot, *place_of(place))
    wanted = json.loads(value)
    assert place_of(place) not in merge.standing_apart(world.snapshot)
    if merge.is_set_member(place) and not place.startswith(REVIEW):
        assert any(head["value"] is True for head in heads) is wanted
        return
    assert heads
    assert all(merge.same(head["value"], wanted) for head in heads), heads


def _conflict(world: World, place: str, values: str) -> None:
    heads = merge.versions(world.snapshot, *place_of(place))
    assert sorted(json.dumps(head["value"]) for head in heads) == sorted(values.split(" | "))
    assert place_of(place) in merge.conflicts(world.snapshot)
    assert world.question(place)["kind"] == "conflict"


def _merged(world: World, place: str, text: str) -> None:
    assert world.question(place)["kind"] == "merged"
    assert world.question(place)["text"] == json.loads(text)
    assert place_of(place) in merge.unconfirmed(world.snapshot)


def _heads(world: World, place: str, names: str) -> None:
    assert {head["op"] for head in merge.versions(world.snapshot, *place_of(place))} == names_in(names)


def _seen(world: World, place: str, names: str) -> None:
    assert {each["op"] for each in world.question(place)["seen"]} == names_in(names)


def _bracket(world: World, name: str, begin: str, end: str) -> None:
    heads = [head for fields in world.snapshot["fields"].values() for each in fields.values() for head in each]
    found = next(head for head in heads if head["op"] == ident(name))
    assert (found["not_before"] or "")[11:16] == ("" if begin == "?" else begin)
    assert found["received"][11:16] == end


def _verdict(world: World, name: str, verdict: str) -> None:
    assert world.verdicts.get(ident(name), "waits") == verdict.removeprefix("quarantined ")
    assert verdict in ("waits", "applied") or verdict.removeprefix("quarantined ") in REASONS


def _entity(world: World, name: str, standing: str) -> None:
    about = world.snapshot["entities"][ident(name)]
    assert (about["removed"], about["flagged"]) == {
        "stands": (False, False),
        "stands, flagged": (False, True),
        "is gone": (True, False),
    }[standing]


def _settled(world: World, name: str, place: str, names: str) -> None:
    notes = [each for each in world.snapshot["settled"] if (each["op"], *place_of(place)) == _key(each, name)]
    assert {each["op"] for note in notes for each in note["not_kept"]} == names_in(names)


def _key(note: dict[str, Any], name: str) -> tuple[str, str, str]:
    return ident(name), note["entity"], note["field"]


def _plain(member: str) -> Callable[[World, str], None]:
    def check(world: World, value: str) -> None:
        assert world.snapshot[member] == value

    return check


_PLACE, _NAMES, _TIME = r"([a-z][\w./-]*)", r"\{([^}]*)\}", r"(\d\d:\d\d|\?)"
_CURSOR = re.compile(r"([A-Z]): cursor of epoch (\w+), scope (\S+): seq (\d+), held (\d+), log (\d+) at ([0-9a-f]{16})")
_CHECKS: list[tuple[str, Callable[..., None]]] = [
    (_PLACE + r" = (.+)", _value),
    (_PLACE + r" conflict (.+)", _conflict),
    (_PLACE + r" merged (.+)", _merged),
    (_PLACE + r" heads " + _NAMES, _heads),
    (_PLACE + r" seen " + _NAMES, _seen),
    (r"([A-Z]) between " + _TIME + " and " + _TIME, _bracket),
    (r"([A-Z]) (waits|applied|quarantined [a-z_]+)", _verdict),
    (r"([a-z]\w*) (stands|stands, flagged|is gone)", _entity),
    (r"([A-Z]) settled " + _PLACE + ", not kept " + _NAMES, _settled),
    (r"state ([a-z]+)", _plain("state")),
    (r"district (\d{3})", _plain("district")),
    (r"patch (\d+) to (\d+): set " + _NAMES + ", entities " + _NAMES + ", fields " + _NAMES, World.expect_patch),
    (r"a copy at (\d+) (becomes the one at \d+|stays|is fetched whole)", World.expect_copy),
    (r"([A-Z]) in epoch (\w+), scope (\S+) (goes on after \d+|starts anew)", World.expect_cursor),
    (r"([A-Z]) altered starts anew", World.expect_altered),
]


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.label.startswith("json ")], ids=str)
def test_json(block: Block) -> None:
    found = json.loads("\n".join(block.lines))
    if block.label == "json op":
        assert parse(found).kind in KINDS
    else:
        assert list(found) == list(Receipt("", "", 0, "").as_json())


def test_the_table_of_kinds_has_every_kind() -> None:
    section = TEXT.split("\n## States\n")[1].split("\n## ")[0]
    assert re.findall(r"(?m)^\| `([a-z]+)` \|", section) == list(KINDS)


def test_every_verdict_and_reason_is_told() -> None:
    told = set(re.findall(r"`([a-z_]+)`", TEXT))
    assert {*REASONS, *Verdict} - told == set()
