"""The notation of the examples in docs/sync.md, and a report that is kept by the rules alone.

    A: address = "Cermak" on {}; car in vehicles on {}; car.plate = "A 1" on {}
    D: resolve address = "south" on {B, C} because "asked both" [after 21:05, received 21:20] [form 99]

Names in capitals are ops, names of entities small; `on` is the base.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sync import cursor as cursors
from sync import forms, merge, rules
from sync.cursor import Cursor
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import ENTITY, KINDS, LATE, REPORT, REVIEW, Edit, Op
from sync.patch import difference, patched
from sync.rules import Aside

KEY = b"a server's key"
_OP = re.compile(rf"([A-Z]): (?:({'|'.join(KINDS)}) )?(.+?)(?: because (\"[^\"]*\"))?((?: \[[^\]]*\])*)")
_WHERE = re.compile(r"([a-z]\w*) (in ([a-z]+)|gone)|([a-z][\w./-]*) = ")
_BASE = re.compile(r" on \{([A-Z, ]*)\}(?:; |\Z)")
_NOTE = re.compile(r" \[(?:form (\d+)|(?:after (\d\d:\d\d), )?received (\d\d:\d\d)|kept ([a-z_]+))\]")
# What an example begins with where it is about something else.
_COMPLETE = (
    'address = "W 26th St" on {}; occurred_from = "2026-11-23T21:10:00-06:00" on {}; narrative = "Seen." on {}; '
    'agent in agents on {}; agent.agency = "ice_ero" on {}'
)
_BEGUN = {
    "A: a report that is complete": (f"A: {_COMPLETE}",),
    "A, S: a report that is submitted": (f"A: {_COMPLETE}", 'S: submit review.state = "submitted" on {}'),
    "A, S, P: a report that is approved": (
        f"A: {_COMPLETE}",
        'S: submit review.state = "submitted" on {}',
        'P: approve review.state = "approved" on {S}; review.seen = 2 on {}',
    ),
}
_DAY = "2026-11-23T"


class NotUnderstood(Exception):
    """A line of an example that is not in the notation."""


def ident(name: str) -> str:
    """Return the id that stands for a name; the same one in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def names_in(text: str) -> set[str]:
    return {ident(each) for each in text.split(", ") if each}


def place_of(text: str) -> tuple[str, str]:
    """Return (entity, field) of `address`, `car.plate`, `review.state`, `review.late/A`."""
    owner, _, name = text.rpartition(".")
    if name.startswith(LATE):
        name = LATE + ident(name.removeprefix(LATE))
    return (owner or REPORT) if owner in ("", REVIEW) else ident(owner), name


@dataclass(frozen=True)
class Arriving:
    """An op with the server's times around it, and why the server does not let it be judged."""

    op: Op
    received: str
    not_before: str | None
    kept: str | None


def read_ops(line: str) -> list[Arriving]:
    """Read the op of a line, or those with which a report begins. Raises NotUnderstood."""
    return [_op(each) for each in _BEGUN.get(line, (line,))]


def _op(line: str) -> Arriving:
    found = _OP.fullmatch(line)
    if found is None:
        raise NotUnderstood(line)
    name, kind, edits, reason, notes = found.groups()
    given = [_NOTE.fullmatch(each) for each in re.findall(r" \[[^\]]*\]", notes)]
    if None in given:
        raise NotUnderstood(line)
    told: dict[int, str] = {n: each[n] for each in given if each for n in (1, 2, 3, 4) if each[n]}
    op = Op(
        id=ident(name),
        device=ident("device"),
        n=1,
        prev=None,
        actor=ident("officer"),
        report=ident("report"),
        kind=kind or "edit",
        edits=tuple(_edits(edits)),
        form_id="incident",
        form_version=int(told.get(1, "1")),
        wall=f"{_DAY}21:00:00Z",
        utc_offset=-360,
        beacon=None,
        reason=json.loads(reason) if reason else None,
    )
    begun = told.get(2)
    return Arriving(op, f"{_DAY}{told.get(3, '22:00')}:00+00:00", begun and f"{_DAY}{begun}:00+00:00", told.get(4))


def _edits(text: str) -> Iterator[Edit]:
    at = 0
    while at < len(text):
        where = _WHERE.match(text, at)
        if where is None:
            raise NotUnderstood(text[at:])
        at, value = where.end(), None
        entity, name = (ident(where[1]), ENTITY) if where[1] else place_of(where[4])
        if where[3]:
            value = {"list": where[3], "parent": None}
        elif where[4]:
            try:
                value, at = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                raise NotUnderstood(text[at:]) from None
        base = _BASE.match(text, at)
        if base is None:
            raise NotUnderstood(text[at:])
        at = base.end()
        yield Edit(entity, name, tuple(sorted(names_in(base[1]))), value)


@dataclass
class World:
    """One report on a server that is given one op at a time. `verdicts` holds "applied" or a reason, by op."""

    verdicts: dict[str, str] = field(default_factory=dict)
    ops: dict[str, Op] = field(default_factory=dict)
    copies: dict[int, dict[str, Any]] = field(default_factory=dict)
    _kept: Snapshot | None = None
    _waiting: list[Arriving] = field(default_factory=list)
    _past: dict[str, Stored] = field(default_factory=dict)
    _change: dict[str, Any] = field(default_factory=dict)
    _cursors: dict[str, str] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        assert self._kept is not None, "no op has come yet"
        return self._kept

    def arrive(self, came: Arriving) -> None:
        """Take an op in, and those that waited for it."""
        self._kept = self._kept or merge.empty(came.op, "010")
        self.ops[came.op.id] = came.op
        self._waiting.append(came)
        while ready := next((each for each in self._waiting if self._is_ready(each.op)), None):
            self._waiting.remove(ready)
            self.verdicts[ready.op.id] = self._judge(ready) or "applied"

    def _is_ready(self, op: Op) -> bool:
        return not merge.missing_bases(op, self.verdicts) and not merge.missing_entities(op, self.snapshot)

    def _judge(self, came: Arriving) -> str | None:
        op = came.op
        if came.kept:
            return came.kept
        try:
            form = forms.load(op.form_id, op.form_version)
        except forms.UnknownForm:
            return "unknown_form"
        reason = rules.judge(op, self.snapshot, form, self._aside)
        if reason is None:
            self._past[op.id] = Stored(op, came.received, came.not_before)
            after, _ = merge.apply(self.snapshot, op, came.received, came.not_before)
            self._kept = explain(after, op, form, lambda: self._past)
        return reason

    def _aside(self, key: str) -> Aside | None:
        return Aside(self.ops[key]) if self.verdicts.get(key, "applied") != "applied" else None

    def question(self, place: str) -> dict[str, Any]:
        entity, name = place_of(place)
        found: dict[str, Any] = self.snapshot["open"][entity][name]
        return found

    def end(self) -> dict[str, Any]:
        """Return what no order of arrival may change; heads are a set, whatever their order in the snapshot."""
        fields = {
            f"{entity} {name}": sorted(head["op"] for head in heads)
            for entity, own in self.snapshot["fields"].items()
            for name, heads in own.items()
        }
        kept = {name: self.snapshot[name] for name in ("entities", "open", "settled", "district", "ops")}
        return {**kept, "fields": fields, "verdicts": self.verdicts}

    def mark(self, seq: int) -> None:
        self.copies[seq] = {"report": ident("report"), "seq": seq, "snapshot": self.snapshot, "photos": []}

    def expect_patch(self, since: str, to: str, *wanted: str) -> None:
        before, after = self.copies[int(since)]["snapshot"], self.copies[int(to)]["snapshot"]
        patch = difference(before, after)
        places = {place for entity, own in patch["fields"].items() for place in ((entity, name) for name in own)}
        members, entities, fields = ([each for each in text.split(", ") if each] for text in wanted)
        assert (set(patch["set"]), set(patch["entities"])) == (set(members), {ident(each) for each in entities})
        assert places == {place_of(each) for each in fields}
        self._change = {"seq": int(to), "since": int(since), "patch": {**patch, "facts": {}}}

    def expect_copy(self, at: str, becomes: str) -> None:
        copy = self.copies[int(at)]
        if becomes == "is fetched whole":
            try:
                patched(copy, self._change)
            except ValueError:
                return
            raise AssertionError("the change was taken, though one before it is missing")
        to = int(at) if becomes == "stays" else int(becomes.rpartition(" ")[2])
        assert patched(copy, self._change) == self.copies[to]

    def cursor(self, name: str, epoch: str, scope: str, seq: str, held: str, statements: str, head: str) -> None:
        made = Cursor(cursors.mark(epoch, scope), int(seq), int(held), int(statements), head)
        self._cursors[name] = made.encode(KEY)

    def expect_cursor(self, name: str, epoch: str, scope: str, then: str) -> None:
        found = cursors.decode(self._cursors[name], KEY)
        mine = found is not None and found.mark == cursors.mark(epoch, scope)
        assert then == (f"goes on after {found.seq}" if found and mine else "starts anew")

    def expect_altered(self, name: str) -> None:
        written = self._cursors[name]
        other = "A" if written[30] != "A" else "B"
        assert cursors.decode(written[:30] + other + written[31:], KEY) is None
