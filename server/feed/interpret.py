"""Judging stored ops: report by report, each under a savepoint, so that a poisoned one blocks nothing else (P8)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from server.feed import policy, store
from server.feed.signing import Envelope, read, signature_fits
from server.feed.store import UNJUDGED, WAITING, WAITING_FOR_REPORT, Outcome
from server.feed.turns import PERMISSION, Turns
from server.feed.work import Arrival, Context, Work, kept_aside, past, scopes, superseded, words_of
from server.security import Actor, DeviceKey
from sync import forms, merge, rules
from sync.explain import Stored, explain
from sync.merge import Snapshot
from sync.op import LATE, REVIEW, Op, late
from sync.verdicts import MENDABLE, Verdict

log = structlog.get_logger()


def weigh(envelope: Envelope, keys: Mapping[str, DeviceKey]) -> Envelope:
    """Return an envelope as far as it can be believed. Needs no transaction.

    What was not signed by the device that it names is no op at all: it may take neither an op's id nor its place.
    """
    op = envelope.op
    if op is None:
        return envelope
    key = keys.get(op.device)
    if key is None or envelope.kid != op.device:
        return replace(envelope, op=None, reason="unknown_device")
    if envelope.fits != key.jwk and not signature_fits(envelope.token, key.jwk):
        return replace(envelope, op=None, reason="bad_signature")
    return envelope if key.user == op.actor else replace(envelope, op=None, reason="not_device_owner")


def interpret(context: Context, fresh: Sequence[Arrival]) -> None:
    """Judge new ops and those that waited for them; fill the transaction's outcomes. Their reports are locked."""
    _interpret(context, sorted({each.op.report for each in fresh}), fresh, UNJUDGED)


def interpret_again(context: Context, report: str) -> None:
    """Judge a report's ops again that waited or met a rule or a form that may have been mended since."""
    store.lock(context.uow.session, [report])
    _interpret(context, [report], [], (*UNJUDGED, *MENDABLE))


def _interpret(context: Context, ids: list[str], fresh: Sequence[Arrival], reasons: Sequence[str]) -> None:
    session = context.uow.session
    if not ids:
        return
    snapshots = store.load_snapshots(session, ids)
    # A report that is new has no readers yet.
    seen_by = store.load_scopes(session, list(snapshots)) if snapshots else {}
    mine: dict[str, list[Arrival]] = {report: [] for report in ids}
    for each in fresh:
        mine[each.op.report].append(each)
    for row in store.load_quarantined(session, ids, reasons):
        op = read(row.jws).op
        if op is not None:
            mine[op.report].append(Arrival(op, row.sha256, row.received_at.isoformat(), again=row.reason))
    strangers = {each.op.actor for arrivals in mine.values() for each in arrivals if each.again == WAITING_FOR_REPORT}
    context.actors.update(context.load_actors(session, strangers))
    context.moments.update(store.moments(session, (each.op.beacon for arrivals in mine.values() for each in arrivals)))
    for report in ids:
        stored = json.loads(snapshots[report]) if report in snapshots else None
        work = Work(report, stored, stored, stored["author"] if stored else None, seen_by.get(report, set()))
        _judge_report(context, work, mine[report])


def _judge_report(context: Context, work: Work, arrivals: list[Arrival]) -> None:
    """Judge a report's ops in the order of what they build on; what cannot be ordered waits."""
    work.arrived = {each.op.id: each.op for each in arrivals}
    # What somebody has decided about stays as they left it, also when a rule was mended since.
    arrivals = [each for each in arrivals if each.again is None or not _is_settled(work, each.op)]
    # What begins the report comes first: who else may write to it is known only then. After a restore that may be any
    # op of a kind that begins one, wherever it stands among the others.
    arrivals = sorted(arrivals, key=lambda each: not each.op.begins)
    admitted = set()
    for each in sorted(arrivals, key=lambda each: each.op.kind not in policy.BEGINS):
        refused = _admit(context, work, each)
        if refused and refused != each.again:
            work.outcomes.append(_aside(work, each, refused))
        elif not refused:
            admitted.add(each.op.id)
    queue = [each for each in arrivals if each.op.id in admitted]
    # One at a time and always the first that can be judged: a submission must not overtake what was saved before it.
    turns = Turns(queue, _known(context, work, queue) | {each.id for each in work.outcomes})
    while _judge_next(context, work, turns):
        pass
    work.outcomes += [_aside(work, each, WAITING) for each in turns.left() if each.again != WAITING]
    _leave(context, work)


def _judge_next(context: Context, work: Work, turns: Turns) -> bool:
    """Judge the op whose turn it is; where none can be judged any more, those whose authors may not write them."""
    arrival = turns.next(lambda each: _bar(context, work, each))
    if arrival is None:
        refused = turns.take_out(lambda each: _refusal(context, work, each) is not None)
        for each in refused:
            work.outcomes.append(_aside(work, each, _refusal(context, work, each) or "not_allowed"))
            turns.judged(each.op.id)
        return bool(refused)
    seen_by = work.scopes
    work.outcomes.append(_judge_safely(context, work, arrival))
    for edit in arrival.op.edits:
        turns.lift(edit.entity)
    if work.scopes != seen_by:
        turns.lift(PERMISSION)
    turns.judged(arrival.op.id)
    return True


def _bar(context: Context, work: Work, arrival: Arrival) -> str | None:
    """Return what keeps an op from being judged now: an entity that it writes to, or who may write."""
    if work.snapshot is None:
        return work.id
    unmade = merge.missing_entities(arrival.op, work.snapshot)
    return min(unmade) if unmade else PERMISSION if _refusal(context, work, arrival) else None


def _refusal(context: Context, work: Work, arrival: Arrival) -> str | None:
    """Return why an op's author may not write it to the report as it is now; asked until its turn has come."""
    if arrival.again not in (None, WAITING_FOR_REPORT):
        return None
    return policy.refusal(context.actors.get(arrival.op.actor), arrival.op, work.author, work.scopes)


def _is_settled(work: Work, op: Op) -> bool:
    return work.snapshot is not None and bool(merge.versions(work.snapshot, REVIEW, LATE + op.id))


def _aside(work: Work, arrival: Arrival, reason: str) -> Outcome:
    stood = arrival.again is not None
    return Outcome(arrival.op.id, arrival.sha256, work.id, Verdict.QUARANTINED, reason, stood=stood)


def _admit(context: Context, work: Work, arrival: Arrival) -> str | None:
    """Return why an op is kept without being judged, or None; begin its report and its hold where they are new."""
    op = arrival.op
    actor = context.actors.get(op.actor)
    if arrival.doubt:
        if work.snapshot is None and actor is not None and policy.refusal(actor, op, None, set()) is None:
            _begin_report(context, work, op, actor)  # so that its district sees what a revoked device delivered
        return arrival.doubt
    if arrival.again not in (None, WAITING_FOR_REPORT):
        return None
    if work.snapshot is None:
        refused = policy.refusal(actor, op, None, set())
        if refused:
            return refused
        _begin_report(context, work, op, context.actors[op.actor])
    elif policy.takes_over(actor, op, work.snapshot.get("provisional", False)):
        _take_over(context, work, context.actors[op.actor])
    # A hold must not wait for what its op builds on.
    return _consequence(context, work, arrival) if op.kind == "hold" and not _refusal(context, work, arrival) else None


def _consequence(context: Context, work: Work, arrival: Arrival) -> str | None:
    """Do what follows from an op whose author may write, once. Returns a reason where it cannot be done."""
    if arrival.op.id in work.followed or arrival.again not in (None, WAITING_FOR_REPORT, "rule_failed"):
        return None
    work.followed.add(arrival.op.id)
    return _follow(context, _as_hold(context, work, arrival.op))


def _as_hold(context: Context, work: Work, op: Op) -> Op:
    """Return an op as what follows from it: a desk that takes in a late hold asks for that footage itself (P6)."""
    kept = kept_aside(context, work, late(op) or "") if op.kind == "admit" else None
    if kept is None or kept.op is None or kept.op.kind != "hold":
        return op
    words = tuple(edit for edit in op.edits if edit.entity != REVIEW)
    return replace(op, kind="hold", edits=words) if words == kept.op.edits else op


def _dismisses_anothers(context: Context, work: Work, op: Op) -> bool:
    """Tell whether an officer declares somebody else's words settled: only their author or the desk may."""
    if op.kind != "dismiss":
        return False
    if op.actor not in context.actors:
        # Judged again: who sent it is not who sends now.
        context.actors.update(context.load_actors(context.uow.session, {op.actor}))
    actor = context.actors.get(op.actor)
    if actor is not None and actor.role != "officer":
        return False
    aside = kept_aside(context, work, late(op) or "")
    return aside is not None and (aside.op is None or aside.op.actor != op.actor)


def _begin_report(context: Context, work: Work, op: Op, author: Actor) -> None:
    work.snapshot = merge.empty(op, author.district)
    if op.begins is False:
        # Somebody else began it, and the server has lost that: their op will say so when it comes again.
        work.snapshot["provisional"] = True
    work.author = op.actor
    work.scopes = scopes(context, work)
    work.touched = True


def _take_over(context: Context, work: Work, author: Actor) -> None:
    work.snapshot = {**(work.snapshot or {}), "author": author.id, "home": author.district, "provisional": False}
    work.author = author.id
    # Who might write until now may finish, before it is known whether the author names them.
    work.guests = work.scopes
    work.scopes = scopes(context, work)
    work.touched = True


def _known(context: Context, work: Work, queue: list[Arrival]) -> set[str]:
    """Return which bases are interpreted already: those that still stand need no query."""
    wanted = set().union(*(merge.bases(each.op) for each in queue)) - {each.op.id for each in queue}
    heads = (
        {head["op"] for fields in work.snapshot["fields"].values() for each in fields.values() for head in each}
        if work.snapshot
        else set()
    )
    return (wanted & heads) | store.interpreted(context.uow.session, wanted - heads)


def _follow(context: Context, op: Op) -> str | None:
    """Do at once what must not wait for the op's neighbours: the hold. Returns a reason where it cannot be done."""
    consequence = context.consequences.get(op.kind)
    if consequence is None:
        return None
    try:
        with context.uow.attempt():
            return consequence(context.uow, op)
    except Exception as failed:
        log.error("consequence_failed", op=op.id, kind=op.kind, error=type(failed).__name__, exc_info=failed)
        return "rule_failed"


def _judge_safely(context: Context, work: Work, arrival: Arrival) -> Outcome:
    """Judge one op; a rule that fails leaves the report as it was, because nothing changes a snapshot in place."""
    op = arrival.op
    try:
        after, verdict, reason = _judge(context, work, arrival)
    except Exception as failed:
        log.error("rule_failed", op=op.id, kind=op.kind, error=type(failed).__name__, exc_info=failed)
        work.taken.pop(op.id, None)
        return _aside(work, arrival, "rule_failed")
    work.snapshot = after
    work.touched = work.touched or reason is None
    if reason is None and policy.says_who_writes(op, after):
        work.scopes = scopes(context, work)
    return Outcome(op.id, arrival.sha256, work.id, verdict, reason, stood=arrival.again is not None)


def _judge(context: Context, work: Work, arrival: Arrival) -> tuple[Snapshot, Verdict, str | None]:
    snapshot, op = work.snapshot, arrival.op
    assert snapshot is not None  # noqa: S101 - _begin_report made it
    refused = _consequence(context, work, arrival)
    if refused:
        return snapshot, Verdict.QUARANTINED, refused
    try:
        form = forms.load(op.form_id, op.form_version)
    except forms.UnknownForm:
        return snapshot, Verdict.QUARANTINED, "unknown_form"
    if _dismisses_anothers(context, work, op):
        return snapshot, Verdict.QUARANTINED, "not_allowed"
    reason = rules.judge(op, snapshot, form, lambda key: kept_aside(context, work, key))
    if reason:
        return snapshot, Verdict.QUARANTINED, reason
    stored = Stored(op, arrival.received, context.moments.get(op.beacon or ""), words_of(context, work, op))
    late = superseded(context, work, op) if arrival.again in MENDABLE else ()
    after, apart = merge.apply(snapshot, op, stored.received, stored.not_before, late, stored.words)
    work.taken[op.id] = stored
    after = explain(after, op, form, lambda: past(context, work))
    return after, _verdict(after, op) if apart else Verdict.APPLIED, None


def _verdict(snapshot: Snapshot, op: Op) -> Verdict:
    """Return `conflict` where a person must choose, `merged` where they need only confirm."""
    merged = set(merge.unconfirmed(snapshot))
    apart = [
        (edit.entity, edit.field)
        for edit in op.edits
        if edit.entity != REVIEW and merge.in_conflict(edit.field, merge.versions(snapshot, edit.entity, edit.field))
    ]
    if not apart:
        return Verdict.APPLIED
    return Verdict.MERGED if all(place in merged for place in apart) else Verdict.CONFLICT


def _leave(context: Context, work: Work) -> None:
    """Hand the report to the finisher: changed or not, its readers must see the quarantined ops too."""
    left = store.pending(context.uow)
    left.outcomes += work.outcomes
    if work.snapshot is None:
        return
    if work.touched:
        left.snapshots[work.id] = work.snapshot
        left.before[work.id] = work.before
    if work.outcomes:
        context.uow.publish(work.id)
