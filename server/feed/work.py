"""What judging works on: the ops that arrive, a report while they are judged, and what must be recalled of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from server.db import UnitOfWork
from server.feed import policy, store
from server.feed.signing import read
from server.feed.store import WAITING, Outcome
from server.feed.words import taken_in, told
from server.security import Actor
from sync.explain import Stored
from sync.merge import Origin, Snapshot
from sync.op import Op, corrected
from sync.rules import Aside
from sync.verdicts import Verdict

# What else follows from an op, such as a hold; wired in by app.py. Returns a reason where it cannot be done.
Consequence = Callable[[UnitOfWork, Op], str | None]


@dataclass(frozen=True)
class Context:
    """What judging needs besides the ops themselves; `actors` holds active accounts only, those asked for so far.

    `moments` tells when the server made the statements that ops name as their beacons, `stars` whose the stars are that
    were asked for.
    """

    uow: UnitOfWork
    actors: dict[str, Actor]
    load_actors: Callable[[Session, set[str]], Mapping[str, Actor]]
    consequences: Mapping[str, Consequence]
    users_by_star: Callable[[Session, set[str]], Mapping[str, str]]
    moments: dict[str, str] = field(default_factory=dict)
    stars: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Work:
    """One report while its ops are judged.

    `before` is its snapshot as stored, `arrived` what is judged, `taken` what of it applies, `followed` whose hold was
    asked for. `scopes` are those that see it now, with `guests` who may write in this transaction all the same.
    """

    id: str
    before: Snapshot | None
    snapshot: Snapshot | None
    author: str | None
    scopes: set[str]
    guests: set[str] = field(default_factory=set)
    touched: bool = False
    arrived: dict[str, Op] = field(default_factory=dict)
    taken: dict[str, Stored] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    outcomes: list[Outcome] = field(default_factory=list)
    past: dict[str, Stored] | None = None


@dataclass(frozen=True)
class Arrival:
    """An op to be judged: new, doubted (kept but not applied), or judged `again` after an earlier reason."""

    op: Op
    sha256: str
    received: str
    doubt: str | None = None
    again: str | None = None


def scopes(context: Context, work: Work) -> set[str]:
    """Return the scopes that see a report as it is now. Whose the stars are is asked once a report, at the most."""
    assert work.snapshot is not None  # noqa: S101 - asked of reports that have begun
    stars = policy.named_stars(work.snapshot)
    if stars - context.stars.keys():
        edits = (edit for op in work.arrived.values() for edit in op.edits if edit.field == "star")
        # What is not judged yet may hold anything; no database is asked for what is no star.
        coming = {edit.value for edit in edits if policy.can_be_star(edit.value)}
        wanted = (stars | coming) - context.stars.keys()
        found = context.users_by_star(context.uow.session, wanted)
        context.stars.update({star: found.get(star) for star in wanted})
    named = [user for star in stars if (user := context.stars[star])]
    return policy.report_scopes(work.snapshot, named, stars) | work.guests


def kept_aside(context: Context, work: Work, key: str) -> Aside | None:
    """Find an op of this report that is kept but not applied: of this very push, or stored before."""
    kept = store.kept_aside(context.uow.session, work.id, key)
    if kept is not None:
        return Aside(read(kept.jws).op if kept.believed else None)
    now = {each.id for each in work.outcomes if each.verdict == Verdict.QUARANTINED and each.reason != WAITING}
    return Aside(work.arrived[key]) if key in now else None


def words_of(context: Context, work: Work, op: Op) -> Origin | None:
    """Return whose words an op takes in, if it is a correction: of an op of now, or of one stored before."""
    found = taken_in(context.uow.session, [op]).get(op.id)
    now = work.arrived.get(corrected(op) or "")
    return told(now, context.uow.now.isoformat(), context.moments) if found is None and now is not None else found


def past(context: Context, work: Work) -> dict[str, Stored]:
    """Return every op that stands in the report. Read once a push and report, and only where values stand apart."""
    if work.past is None:
        rows = store.load_judged(context.uow.session, work.id)
        read_in = [(row, read(row.jws).op) for row in rows]
        moments = store.moments(context.uow.session, (op.beacon for _, op in read_in if op))
        words = taken_in(context.uow.session, (op for _, op in read_in if op))
        work.past = {
            op.id: Stored(op, row.received_at.isoformat(), moments.get(op.beacon or ""), words.get(op.id))
            for row, op in read_in
            if op
        }
    return {**work.past, **work.taken}


def superseded(context: Context, work: Work, op: Op) -> set[tuple[str, str]]:
    """Return the fields in which an op that stands had seen this one, which a mended rule or form lifts only now."""
    places = {(edit.entity, edit.field) for edit in op.edits}
    edits = (edit for stored in past(context, work).values() for edit in stored.op.edits)
    return {(edit.entity, edit.field) for edit in edits if op.id in edit.base} & places
