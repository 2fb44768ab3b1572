"""Judging stored ops: report by report, each under a savepoint, so that a poisoned one blocks nothing else (P8)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from server.db import UnitOfWork
from server.feed import policy, store
from server.feed.signing import Envelope, read, signature_fits
from server.feed.store import WAITING, Outcome
from server.security import Actor, DeviceKey
from sync import forms, merge, rules
from sync.merge import Snapshot
from sync.op import Op
from sync.verdicts import Verdict

log = structlog.get_logger()
# What else follows from an op, such as a hold; wired in by app.py. Returns a reason where it cannot be done.
Consequence = Callable[[UnitOfWork, Op], str | None]


@dataclass(frozen=True)
class Context:
    """What judging needs besides the ops themselves; `actors` holds active accounts only."""

    uow: UnitOfWork
    actors: Mapping[str, Actor]
    consequences: Mapping[str, Consequence]


@dataclass
class Work:
    """One report while its ops are judged."""

    id: str
    snapshot: Snapshot | None
    author: str | None
    scopes: set[str]
    touched: bool = False


def authentic(envelope: Envelope, keys: Mapping[str, DeviceKey]) -> str | None:
    """Return why a read op cannot be believed, or None. Needs no transaction, so it is done before one begins."""
    op = envelope.op
    if op is None:
        return envelope.reason
    key = keys.get(op.device)
    if key is None or envelope.kid != op.device:
        return "unknown_device"
    if not signature_fits(envelope.token, key.jwk):
        return "bad_signature"
    if key.user != op.actor:
        return "not_device_owner"
    return "revoked_device" if key.revoked else None


def interpret(context: Context, fresh: Sequence[tuple[Op, str]]) -> None:
    """Judge new ops (with their hashes) and those that waited for them; fill the transaction's outcomes."""
    session = context.uow.session
    ids = sorted({op.report for op, _ in fresh})
    if not ids:
        return
    store.lock_reports(session, ids)
    reports, scopes = store.load_reports(session, ids), store.load_scopes(session, ids)
    waiting: dict[str, list[tuple[Op, str]]] = {}
    for row in store.load_waiting(session, ids):
        waiting.setdefault(str(row.report_id), []).append(_reread(row.jws, row.sha256))
    for report in ids:
        found = reports.get(report)
        work = Work(
            report,
            json.loads(found.snapshot) if found else None,
            found.author_id if found else None,
            scopes[report],
        )
        mine = [each for each in fresh if each[0].report == report]
        _judge_report(context, work, mine, waiting.get(report, []))


def _reread(token: str, sha256: str) -> tuple[Op, str]:
    op = read(token).op
    assert op is not None  # noqa: S101 - only ops that could be read ever wait
    return op, sha256


def _judge_report(context: Context, work: Work, fresh: list[tuple[Op, str]], waiting: list[tuple[Op, str]]) -> None:
    """Judge a report's ops in the order of what they build on; what cannot be ordered waits."""
    outcomes: list[Outcome] = []
    for op, sha256 in fresh:
        refused = policy.refusal(context.actors.get(op.actor), op, work.author, work.scopes)
        refused = refused or _begin(context, work, op)
        if refused:
            outcomes.append(Outcome(op.id, sha256, work.id, Verdict.QUARANTINED, refused))
    refused_ids = {each.id for each in outcomes}
    queue = [each for each in [*fresh, *waiting] if each[0].id not in refused_ids]
    known = _known(context, work, queue) | refused_ids
    while queue:
        ready = [each for each in queue if not merge.missing_bases(each[0], known)]
        if not ready:
            break
        for op, sha256 in ready:
            outcomes.append(_judge_safely(context, work, op, sha256))
            known.add(op.id)
        done = {op.id for op, _ in ready}
        queue = [each for each in queue if each[0].id not in done]
    new = {op.id for op, _ in fresh}
    outcomes += [Outcome(op.id, sha256, work.id, Verdict.QUARANTINED, WAITING) for op, sha256 in queue if op.id in new]
    _leave(context, work, outcomes)


def _known(context: Context, work: Work, queue: list[tuple[Op, str]]) -> set[str]:
    """Return which bases are interpreted already: those that still stand need no query."""
    wanted = set().union(*(merge.bases(op) for op, _ in queue)) - {op.id for op, _ in queue}
    heads = (
        {head["op"] for fields in work.snapshot["fields"].values() for each in fields.values() for head in each}
        if work.snapshot
        else set()
    )
    return (wanted & heads) | store.interpreted(context.uow.session, wanted - heads)


def _begin(context: Context, work: Work, op: Op) -> str | None:
    """Start the report where it is new, and do at once what must not wait for the op's neighbours: the hold."""
    if work.snapshot is None:
        work.snapshot = merge.empty(op, context.actors[op.actor].district)
        work.author = op.actor
        work.scopes = {f"user:{op.actor}"}
        work.touched = True
    consequence = context.consequences.get(op.kind)
    if consequence is None:
        return None
    try:
        with context.uow.session.begin_nested():
            return consequence(context.uow, op)
    except Exception as failed:
        log.error("consequence_failed", op=op.id, kind=op.kind, error=type(failed).__name__, exc_info=failed)
        return "rule_failed"


def _judge_safely(context: Context, work: Work, op: Op, sha256: str) -> Outcome:
    """Judge one op; a rule that fails leaves the report as it was, because nothing changes a snapshot in place."""
    assert work.snapshot is not None  # noqa: S101 - _begin made it
    try:
        after, verdict, reason = _judge(context, work.snapshot, op)
    except Exception as failed:
        log.error("rule_failed", op=op.id, kind=op.kind, error=type(failed).__name__, exc_info=failed)
        return Outcome(op.id, sha256, work.id, Verdict.QUARANTINED, "rule_failed")
    work.snapshot = after
    work.touched = work.touched or reason is None
    return Outcome(op.id, sha256, work.id, verdict, reason)


def _judge(context: Context, snapshot: Snapshot, op: Op) -> tuple[Snapshot, Verdict, str | None]:
    try:
        form = forms.load(op.form_id, op.form_version)
    except forms.UnknownForm:
        return snapshot, Verdict.QUARANTINED, "unknown_form"
    reason = rules.judge(op, snapshot, form)
    if reason:
        return snapshot, Verdict.QUARANTINED, reason
    after, conflict = merge.apply(snapshot, op, context.uow.now.isoformat())
    return after, (Verdict.CONFLICT if conflict else Verdict.APPLIED), None


def _leave(context: Context, work: Work, outcomes: list[Outcome]) -> None:
    """Hand the report to the finisher: changed or not, its readers must see the quarantined ops too."""
    left = store.pending(context.uow)
    left.outcomes += outcomes
    if work.snapshot is None or work.author is None:
        return
    if work.touched:
        left.snapshots[work.id] = work.snapshot
        left.authors[work.id] = work.author
    if outcomes:
        context.uow.publish(work.id)
