"""Working a report out again from its ops, in the order in which the server judged them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.feed import policy
from server.feed.verify.told import Told
from sync import forms, merge
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import Op
from sync.verdicts import MENDABLE, Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """A stored op of a report, with what the log tells of it."""

    stored: Stored
    told: Told

    @property
    def op(self) -> Op:
        return self.stored.op

    @property
    def stands(self) -> bool:
        return self.told.verdict != Verdict.QUARANTINED


def beginning(steps: Sequence[Step], stored: Any) -> Step:
    """Return the op that began a report.

    Of several that came together, no later than the first that stands, it is the one that the stored snapshot names.
    """
    first = min((step.told.last_turn for step in steps if step.stands), default=steps[-1].told.turn)
    early = [step for step in steps if step.told.turn <= first and step.op.kind in policy.BEGINS] or steps[:1]
    named = (step for step in early if _names(stored, step.op))
    stands = (step for step in early if step.stands)
    return next(named, None) or next(stands, None) or early[0]


def _names(stored: Any, op: Op) -> bool:
    """Tell whether a snapshot can have begun with an op: one that went over to its author names no other begin."""
    if not isinstance(stored, dict) or stored.get("form") != {"id": op.form_id, "version": op.form_version}:
        return False
    if "provisional" in stored and stored["provisional"] is False:
        return op.begins is False
    return stored.get("author") == op.actor


def replayed(begun: Step, home: str | None, steps: Sequence[Step]) -> Snapshot:
    """Return the snapshot that the ops that stand make; `home` is the district where its author served at first.

    The log tells the order of transactions, and in each the order within a delivery. Deliveries that one transaction
    took in are judged one after the other, then what had waited, always the first that can be.
    """
    snapshot = merge.empty(begun.op, home)
    if begun.op.begins is False:
        snapshot["provisional"] = True
    past: dict[str, Stored] = {}
    known = {base for step in steps for base in merge.bases(step.op)} - {step.op.id for step in steps}
    for turn, here in sorted(_by_turn(steps).items()):
        snapshot = _taken_over(snapshot, turn, here)
        judged = {step.op.id for step in here if step.told.known == turn}
        # One that was refused in this turn counts as if it could be built on from its beginning.
        known |= judged - {step.op.id for step in here if step.stands}
        queue = sorted((step for step in here if step.stands and step.told.last_turn == turn), key=_judged)
        while queue:
            step = next((each for each in queue if _is_ready(each.op, known, snapshot)), queue[0])
            queue.remove(step)
            known.add(step.op.id)
            past[step.op.id] = step.stored
            snapshot = _applied(snapshot, step, past)
        known |= judged
    return snapshot


def _by_turn(steps: Sequence[Step]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = {}
    for step in steps:
        for turn in {step.told.turn, step.told.known or 0, step.told.last_turn}:
            found.setdefault(turn, []).append(step)
    return found


def _taken_over(snapshot: Snapshot, turn: int, steps: Sequence[Step]) -> Snapshot:
    """Give a report that began with another's words, after a restore, to its author once their own begin has come."""
    if not snapshot.get("provisional"):
        return snapshot
    comes = (step for step in steps if step.op.begins and step.op.kind in policy.BEGINS and step.told.turn == turn)
    begun = next((step for step in comes if step.told.reason not in ("revoked_device", "not_allowed")), None)
    return {**snapshot, "author": begun.op.actor, "provisional": False} if begun else snapshot


def _judged(step: Step) -> tuple[bool, bool, int, int]:
    told = step.told
    # In each transaction, what begins the report goes first.
    return not step.op.begins, told.last_turn != told.turn, told.last_entry, told.last_place


def _is_ready(op: Op, known: set[str], snapshot: Snapshot) -> bool:
    return not merge.missing_bases(op, known) and not merge.missing_entities(op, snapshot)


def _applied(snapshot: Snapshot, step: Step, past: Mapping[str, Stored]) -> Snapshot:
    op, stored = step.op, step.stored
    late = _superseded(op, past) if step.told.previous in MENDABLE else set()
    after, _ = merge.apply(snapshot, op, stored.received, stored.not_before, late, stored.words)
    return explain(after, op, forms.load(op.form_id, op.form_version), lambda: past)


def _superseded(op: Op, past: Mapping[str, Stored]) -> set[tuple[str, str]]:
    """Return the fields in which an op that stands had seen this one, which a mended rule or form lifted later."""
    own = {(edit.entity, edit.field) for edit in op.edits}
    edits = (edit for stored in past.values() for edit in stored.op.edits if op.id in edit.base)
    return {(edit.entity, edit.field) for edit in edits} & own
