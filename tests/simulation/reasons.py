"""Which reasons explain that an op is kept aside. A good op that is kept aside for any other was blocked (P8)."""

from sync.merge import same
from sync.op import REVIEW
from tests.simulation import words
from tests.simulation.database import Stored, StoredRow
from tests.simulation.ledger import Ledger, Saved, holds
from tests.simulation.promises import WAITING, WAITS

# What may be said of a good op of each kind, because of the state in which it met its report.
_BY_KIND: dict[str, frozenset[str]] = {
    "edit": frozenset({"report_locked", "conflict_needs_reason", "written_once"}),
    "hold": frozenset({"report_locked", "conflict_needs_reason", "hold_names_other_camera"}),
    "submit": frozenset({"report_locked", "incomplete"}),
    "return": frozenset({"stale_view", "own_report"}),
    "approve": frozenset({"stale_view", "open_conflict", "unconfirmed_merge", "own_report"}),
    "supplement": frozenset({"not_approved", "written_once", "wrong_kind"}),
    "resolve": frozenset({"report_locked", "no_conflict", "written_once", "own_report"}),
    "admit": frozenset({"report_locked", "not_kept_aside", "not_approved", "written_once", "bad_value", "wrong_kind"})
    | {"own_report", "conflict_needs_reason"},
    "dismiss": frozenset({"not_kept_aside", "own_report"}),
}
_POISONED: dict[str, frozenset[str]] = {
    "garbage": frozenset({"malformed"}),
    "forged": frozenset({"bad_signature"}),
    "stolen": frozenset({"not_device_owner"}),
    "newer_format": frozenset({"newer_op_format"}),
    "unknown_kind": frozenset({"unknown_kind"}),
    "bad_value": frozenset({"bad_value"}),
    "same_id": frozenset(),
    "broken_rule": frozenset({"rule_failed"}),
    "not_ascii": frozenset(),
    "overlarge": frozenset(),
}
_BAD = [value for _, value in words.BAD_VALUES]
# What passes: at rest, nothing may be kept aside for one of these.
PASSING = frozenset({*WAITS, "unknown_form", "rule_failed", "unknown_entity"})


def check(ledger: Ledger, stored: Stored, *, form_known: bool) -> None:
    """Check that every op that is kept aside has an explanation. Raises Broken."""
    for row in stored.rows.values():
        saved = ledger.saved[row.sha256]
        if row.stands or row.reason in WAITS or _is_decided(stored, row):
            continue
        if row.clash or row.reason == "op_id_reused":
            twins = [each for each in ledger.saved.values() if each.id == saved.id]
            holds("P8", len(twins) > 1, f"{row.id} is told to use another op's id, and does not")
        elif row.reason not in _explained(ledger, stored, saved, row, form_known):
            holds("P8", False, f"a good {saved.kind} {saved.id} ({saved.poison}) is kept aside as {row.reason}")


def _explained(ledger: Ledger, stored: Stored, saved: Saved, row: StoredRow, form_known: bool) -> set[str]:
    found: set[str] = set(_BY_KIND.get(saved.kind or "", ())) | set(_POISONED.get(saved.poison or "", ()))
    if saved.report not in ledger.approved:
        found -= {"report_locked"}
    if saved.form_version > 1 and not form_known:
        found.add("unknown_form")
    if any(same(value, bad) for _, value in saved.edits.values() for bad in _BAD):
        # Somebody chose it in a conflict, from what the screen showed.
        found.add("bad_value")
    if ledger.faulted:
        found.add("rule_failed")
    copy = stored.copies.get(saved.report or "")
    own = copy is not None and copy["snapshot"]["author"] == saved.actor
    if not own or saved.actor in ledger.moved or saved.kind not in ("edit", "hold", "submit", "supplement", "resolve"):
        found |= {"not_allowed", "own_report"}
    return found


def _is_decided(stored: Stored, row: StoredRow) -> bool:
    """Tell whether a person has decided about an op that is kept aside: then it stays as they left it."""
    copy = stored.copies.get(row.report or "")
    marks = copy["snapshot"]["fields"].get(REVIEW, {}) if copy else {}
    return bool(marks.get(f"late/{row.id}"))


def check_at_rest(ledger: Ledger, stored: Stored) -> None:
    """Check that nothing good still waits for what only time was to mend (P8), unless what it builds on is gone."""
    for row in stored.rows.values():
        saved = ledger.saved[row.sha256]
        if not row.stands and row.reason in PASSING and saved.poison is None and not _is_decided(stored, row):
            waits = row.reason in WAITS and _for_ever(ledger, stored, saved)
            holds("P8", waits, f"{saved.kind} {saved.id} is at rest as {row.reason}, and nothing is missing")


def _for_ever(ledger: Ledger, stored: Stored, saved: Saved, above: frozenset[str] = frozenset()) -> bool:
    """Tell whether an op builds on what no server and no phone has, or on an entity whose making is kept aside."""
    if saved.report not in stored.copies:
        # Its beginning is gone, or was refused.
        return True
    makers = {
        each.sha256: each
        for each in ledger.saved.values()
        if each.report == saved.report and each.makes() & (saved.writes_to() - saved.makes())
    }
    by_id = {each.id: each for each in ledger.saved.values() if each.id in saved.bases and each.id}
    for each in (*makers.values(), *by_id.values()):
        row = stored.rows.get(each.sha256)
        if row is None or (each.sha256 in makers and not row.stands):
            return True
        waits = row.reason == WAITING and each.sha256 not in above
        if waits and _for_ever(ledger, stored, each, above | {saved.sha256}):
            return True
    return False
