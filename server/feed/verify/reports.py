"""The walk of the reports: each snapshot is worked out again from the ops that stand in it, and compared as bytes.

Three things are taken from the snapshot itself, because no op holds them: where its author served when it began, which
of several ops that came together began it, and the order of names where the log cannot tell which came first.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.feed import store
from server.feed.changes import compact
from server.feed.models import Report, StoredOp
from server.feed.signing import read
from server.feed.verify.chains import Remarks
from server.feed.verify.kept import check_facts
from server.feed.verify.log import Log
from server.feed.verify.places import Misfit, expect, first_difference, path_at
from server.feed.verify.replay import Step, beginning, replayed
from server.feed.verify.told import ToldOps
from server.feed.words import taken_in
from server.security import Actor
from sync.explain import Stored
from sync.merge import Snapshot
from sync.op import REVIEW
from sync.verdicts import Verdict

TABLE = "report"
_PAGE = 20
_HOME = re.compile(rb'"home":("[0-9A-Za-z]*"|null)')
# An op that was kept for one of these reasons may have begun no report.
_NOT_TAKEN_IN = ("not_allowed", "own_report", "revoked_device", store.WAITING_FOR_REPORT)
# Deeper names are part of what people wrote.
_SHOWN_DEPTH = 5


def walk_reports(session: Session, told: ToldOps, log: Log, remarks: Remarks, tick: Callable[[], None]) -> None:
    """Walk the reports in the order of their ids. Raises Misfit. Log and ops were walked before and fit."""
    columns = (Report.id, Report.author_id, Report.district, Report.state, Report.snapshot, Report.facts, Report.seq)
    for row in session.execute(select(*columns).order_by(Report.id).execution_options(yield_per=_PAGE)):
        _check(session, row, _steps(session, row.id, told), log.newest, remarks)
        tick()
    taken_in = StoredOp.kind.is_not(None) & func.coalesce(StoredOp.reason, "").not_in(_NOT_TAKEN_IN)
    gone = select(StoredOp.report_id).where(taken_in, StoredOp.report_id.not_in(select(Report.id)))
    report = session.scalar(gone.order_by(StoredOp.report_id).limit(1))
    if report is not None:
        raise Misfit(TABLE, str(report), "id", None, "the row is missing; ops that belong to it are stored")


def _steps(session: Session, report: str, told: ToldOps) -> list[Step]:
    """Return the ops of a report that were believed, in the order in which the log tells of them first."""
    columns = (StoredOp.id, StoredOp.sha256, StoredOp.jws, StoredOp.received_at)
    believed = (StoredOp.report_id == report) & StoredOp.kind.is_not(None)
    rows = session.execute(select(*columns).where(believed)).all()
    read_in = [(row, op, words) for row in rows if (op := read(row.jws).op) and (words := told.of(row.id, row.sha256))]
    moments = store.moments(session, (op.beacon for _, op, _ in read_in))
    taken = taken_in(session, (op for _, op, words in read_in if words.verdict != Verdict.QUARANTINED))
    steps = [
        Step(Stored(op, row.received_at.isoformat(), moments.get(op.beacon or ""), taken.get(op.id)), words)
        for row, op, words in read_in
    ]
    return sorted(steps, key=lambda step: (step.told.entry, step.told.place))


def _check(session: Session, row: Any, steps: Sequence[Step], given: int, remarks: Remarks) -> None:
    if not steps:
        raise Misfit(TABLE, row.id, "id", None, "no stored op begins this report")
    snapshot = _fitting(session, row, steps, remarks)
    for column, member in (("author_id", "author"), ("district", "district"), ("state", "state")):
        expect(TABLE, row.id, column, getattr(row, column), snapshot[member], "the snapshot says otherwise")
    newest = max(step.told.seq for step in steps)
    if not newest <= row.seq <= given:
        offset = first_difference(str(row.seq), str(newest))
        raise Misfit(TABLE, row.id, "seq", offset, f"found {row.seq}; it lies between {newest} and {given}")
    if not _was_renewed(json.loads(row.snapshot)):
        check_facts(session, row.id, snapshot, bytes(row.facts))


def _fitting(session: Session, row: Any, steps: Sequence[Step], remarks: Remarks) -> Snapshot:
    """Return what the ops make of a report; raise Misfit where the stored bytes are not that."""
    found, stored = bytes(row.snapshot), _parsed(row.snapshot)
    begun = beginning(steps, stored)
    home, serves = _HOME.search(found), _district_of(session, begun.op.actor)
    expected = replayed(begun, json.loads(home[1]) if home else serves, steps)
    tried = [compact(expected), compact(arranged(expected, stored))]
    if found in tried:
        if expected["home"] != serves and serves is not None:
            remarks.add(f"report {row.id}: it began in another district than the one where its author serves now")
        return expected
    if found == _renewed(expected, stored):
        remarks.add(f"report {row.id}: it comes from a version that noted less about its conflicts and its times")
        return expected
    if home and _is_another_home(found, home, arranged(replayed(begun, serves, steps), stored)):
        offset = first_difference(found, _with_home(found, home, serves))
        raise Misfit(TABLE, row.id, "snapshot", offset, "home: the report began where its author does not serve")
    raise _misfit(row.id, found, tried)


def _district_of(session: Session, actor: str) -> str | None:
    actors: Mapping[str, Actor] = current_app.extensions["actors"](session, {actor})
    return actors[actor].district if actor in actors else None


def _is_another_home(found: bytes, home: re.Match[bytes], expected: Snapshot) -> bool:
    """Tell whether a snapshot fits but for the district in which it says that it began."""
    return compact(expected) == _with_home(found, home, expected["home"])


def _with_home(found: bytes, home: re.Match[bytes], district: str | None) -> bytes:
    return found[: home.start(1)] + compact(district) + found[home.end(1) :]


def _misfit(report: str, found: bytes, tried: Sequence[bytes]) -> Misfit:
    """Name the first byte by which a snapshot differs from whichever of the expected ones it follows the longest."""
    offset, expected = max((first_difference(found, each), each) for each in tried)
    path = path_at(expected.decode(), offset).split("/")[:_SHOWN_DEPTH]
    lengths = f"{len(found)} bytes with the hash {_hash(found)}, expected {len(expected)} with {_hash(expected)}"
    return Misfit(TABLE, report, "snapshot", offset, f"{'/'.join(path)}: the ops make another one; found {lengths}")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def arranged(expected: Snapshot, like: Any) -> Snapshot:
    """Return a snapshot with its names, and the heads of its fields, in the order of another one where it has them.

    Where the log cannot tell what came first, any order is right. In the review the last head counts: there, any order
    that ends with the same value.
    """
    fields = {
        entity: {name: _in_order(heads, like, entity, name) for name, heads in own.items()}
        for entity, own in expected["fields"].items()
    }
    found: Snapshot = _named_like({**expected, "fields": fields}, like)
    return found


def _in_order(heads: list[Any], like: Any, entity: str, name: str) -> list[Any]:
    own = {head["op"]: head for head in heads}
    try:
        arranged = [own[op] for op in _placed_like(own, [head["op"] for head in like["fields"][entity][name]])]
    except (LookupError, TypeError):
        return heads
    return heads if entity == REVIEW and arranged and arranged[-1]["value"] != heads[-1]["value"] else arranged


def _named_like(value: Any, like: Any) -> Any:
    if isinstance(value, dict) and isinstance(like, dict):
        return {name: _named_like(value[name], like.get(name)) for name in _placed_like(value, like)}
    if isinstance(value, list) and isinstance(like, list):
        return [_named_like(each, other) for each, other in zip_longest(value, like[: len(value)])]
    return value


def _placed_like(names: Iterable[str], like: Iterable[str]) -> list[str]:
    """Put names into the order of others. One that is not there takes the place of one that should not be there.

    So a name in which a byte was changed stands beside the one that it was, and that byte is the first that differs.
    """
    own, others = dict.fromkeys(names), dict.fromkeys(like)
    strange = iter([each for each in own if each not in others])
    placed = [each if each in own else next(strange, None) for each in others]
    return [*(each for each in placed if each is not None), *strange]


def _was_renewed(stored: Any) -> bool:
    """Tell whether migration 0002 brought a report to its shape: it could not work out what had not been noted."""
    return isinstance(stored, dict) and next(iter(stored), None) == "open"


def _renewed(expected: Snapshot, stored: Any) -> bytes | None:
    """Return a snapshot as migration 0002 left it; None where the stored one does not begin as those."""
    if not _was_renewed(stored):
        return None
    try:
        return compact(arranged(_unexplained(expected, stored), stored))
    except (LookupError, TypeError, AttributeError):
        return None


def _unexplained(expected: Snapshot, stored: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot without the times and explanations that a renewed one does not have."""
    fields = {
        entity: {name: [_untimed(head, stored, entity, name) for head in heads] for name, heads in own.items()}
        for entity, own in expected["fields"].items()
    }
    noted = {(each["op"], each["entity"], each["field"]) for each in stored["settled"]}
    settled = [each for each in expected["settled"] if (each["op"], each["entity"], each["field"]) in noted]
    kept = {
        entity: {name: each for name, each in own.items() if name in stored["open"].get(entity, {})}
        for entity, own in expected["open"].items()
    }
    return {**expected, "fields": fields, "settled": settled, "open": {name: own for name, own in kept.items() if own}}


def _untimed(head: Mapping[str, Any], stored: Mapping[str, Any], entity: str, name: str) -> Mapping[str, Any]:
    known = stored["fields"].get(entity, {}).get(name, [])
    timed = any(each["op"] == head["op"] and each["not_before"] is not None for each in known)
    return head if timed else {**head, "not_before": None}
