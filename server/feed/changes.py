"""Writing what readers see: the report's bytes, what changed in them, and whose feeds carry it.

Called while the feed counter's row is locked, so that what is read here is not stale when it is written.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from server.bulk import OnConflict, Rows, among
from server.feed import store
from server.feed.models import Report, ReportChange, ReportScope
from server.feed.store import Pending
from sync.patch import difference

# For how many changes of the whole feed the patches are kept: who was away for longer takes whole copies.
KEPT_CHANGES = 200_000
_TIDY_EVERY = 1000


def compact(value: Any) -> bytes:
    """Write JSON for storing. In ASCII: text may hold half a surrogate pair, which no UTF-8 can carry."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def load_snapshots(session: Session, published: Sequence[str], left: Pending) -> list[str]:
    """Load the snapshots that this transaction did not change itself; leave out reports that do not exist."""
    absent = [each for each in published if each not in left.snapshots]
    if absent:
        for report, snapshot in store.load_snapshots(session, absent).items():
            left.snapshots[report] = left.before[report] = json.loads(snapshot)
    return [each for each in published if each in left.snapshots]


def write_reports(
    session: Session, now: datetime, left: Pending, facts: Mapping[str, dict[str, Any]], seqs: Mapping[str, int]
) -> None:
    """Write the reports' bytes, and beside them what changed since the number that their readers had."""
    known = _stored(session, [report for report in seqs if left.before.get(report) is not None])
    rows, changes = [], []
    for report, seq in seqs.items():
        snapshot, written = left.snapshots[report], facts[report]
        row = {
            "id": report,
            "author_id": snapshot["author"],
            "district": snapshot["district"],
            "state": snapshot["state"],
            "snapshot": compact(snapshot),
            "facts": compact(written),
            "seq": seq,
            "created_at": now,
            "changed_at": now,
        }
        rows.append(row)
        before, stored = left.before.get(report), known.get(report)
        if before is not None and stored is not None:
            patch = compact({**difference(before, snapshot), "facts": _changed(json.loads(stored.facts), written)})
            # A patch as large as the copy saves nothing; without it, readers are given the whole.
            if 2 * len(patch) < len(row["snapshot"]) + len(row["facts"]):
                changes.append({"seq": seq, "report_id": report, "since": stored.seq, "patch": patch})
    _REPORTS.write(session, rows)
    if changes:
        _CHANGES.write(session, changes)
        _tidy(session, changes)


def _stored(session: Session, ids: Sequence[str]) -> dict[str, Any]:
    if not ids:
        return {}
    return {row.id: row for row in session.execute(_WRITTEN, {"ids": ids})}


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {name: section for name, section in now.items() if before.get(name) != section}


def _tidy(session: Session, changes: Sequence[Mapping[str, Any]]) -> None:
    """Now and then, drop the patches that nobody who follows the feed can still need."""
    due = next((each["seq"] for each in changes if each["seq"] % _TIDY_EVERY == 0), None)
    if due is not None:
        session.execute(delete(ReportChange).where(ReportChange.seq <= due - KEPT_CHANGES))


Standing = dict[str, dict[str, tuple[int, bool]]]


def load_scopes(session: Session, ids: Sequence[str], left: Pending) -> Standing:
    """Return {report: {scope: (entered, present)}}, also of scopes that the report has left."""
    found: Standing = {each: {} for each in ids}
    known = [each for each in ids if left.before[each] is not None]
    if not known:
        return found
    for report, scope, entered, present in session.execute(_STANDING, {"ids": known}):
        found[report][scope] = (entered, present)
    return found


def write_scopes(session: Session, wanted: Mapping[str, set[str]], before: Standing, seqs: Mapping[str, int]) -> None:
    """Carry the change into the feed of everyone who sees the report, and a *left* entry to those who no longer do."""
    rows = []
    for report, seq in seqs.items():
        seeing = {scope for scope, (_, present) in before[report].items() if present}
        for scope in sorted(wanted[report] | seeing):
            entered = before[report][scope][0] if scope in seeing else seq
            present = scope in wanted[report]
            rows.append({"scope": scope, "report_id": report, "seq": seq, "entered": entered, "present": present})
    _SCOPES.write(session, rows)


def _renew(*key: str, keep: str | None = None) -> OnConflict:
    """Complete an insert so that it overwrites what is there, but for its key and what is to be kept."""

    def overwrite(insert: Any) -> Any:
        changed = {name: given for name, given in insert.excluded.items() if name not in (*key, keep)}
        return insert.on_conflict_do_update(index_elements=key, set_=changed)

    return overwrite


_REPORTS = Rows(
    Report, "id", "author_id", "district", "state", "snapshot", "facts", "seq", "created_at", "changed_at",
    on_conflict=_renew("id", keep="created_at"),
)  # fmt: skip
_SCOPES = Rows(ReportScope, "scope", "report_id", "seq", "entered", "present", on_conflict=_renew("scope", "report_id"))
_CHANGES = Rows(ReportChange, "seq", "report_id", "since", "patch")
_REPORT, _SCOPE = (cast("Table", each.__table__) for each in (Report, ReportScope))
_WRITTEN = select(_REPORT.c.id, _REPORT.c.seq, _REPORT.c.facts).where(among(_REPORT.c.id, "ids"))
_STANDING = select(_SCOPE.c.report_id, _SCOPE.c.scope, _SCOPE.c.entered, _SCOPE.c.present).where(
    among(_SCOPE.c.report_id, "ids")
)
