"""Who may write which kind of op to which report, and whose feeds a report belongs to (P9: deny by default)."""

from typing import Any

from server.security import Actor
from sync.merge import Snapshot, versions
from sync.op import REPORT, Op

STAR = "star:"
_STAR_LENGTH = 32

_ROLES: dict[str, frozenset[str]] = {
    "edit": frozenset({"officer"}),
    "submit": frozenset({"officer"}),
    "supplement": frozenset({"officer"}),
    "hold": frozenset({"officer", "desk"}),
    "resolve": frozenset({"officer", "desk"}),
    "return": frozenset({"desk"}),
    "approve": frozenset({"desk"}),
    "admit": frozenset({"desk"}),
    "dismiss": frozenset({"officer", "desk"}),
}
# What a phone may begin a report with: holds travel first, so one may arrive before the text.
BEGINS = frozenset({"edit", "hold"})


def reader_scope(actor: Actor) -> str | None:
    """Return the one scope whose feed an actor follows; None for those who read no reports."""
    if actor.role == "officer":
        return f"user:{actor.id}"
    if actor.role == "desk" and actor.district:
        return f"district:{actor.district}"
    return None


def refusal(actor: Actor | None, op: Op, author: str | None, scopes: set[str]) -> str | None:
    """Return why an actor may not write this op now, or None. `author` is None for a report that is not there yet.

    Then only what begins it is judged. The rest waits: whose the report is, and who is named on it, comes with that.
    """
    if actor is None or actor.role not in _ROLES.get(op.kind, frozenset()):
        return "not_allowed"
    if author is None:
        return None if op.kind in BEGINS and actor.role == "officer" else "waiting_for_report"
    if reader_scope(actor) not in scopes:
        return "not_allowed"
    return "own_report" if actor.role == "desk" and actor.id == author else None


def takes_over(actor: Actor | None, op: Op, provisional: bool) -> bool:
    """Tell whether an op shows who the author of a report is that began, after a restore, with another's words."""
    begins = op.begins is True and op.kind in BEGINS
    return provisional and begins and actor is not None and actor.role == "officer"


def says_who_writes(op: Op, after: Snapshot) -> bool:
    """Tell whether an op may have changed who reads and writes a report: who is named on it, and its district."""
    return any(
        edit.field == "district" if edit.entity == REPORT else _is_officer(after, edit.entity) for edit in op.edits
    )


def _is_officer(snapshot: Snapshot, entity: str) -> bool:
    return bool(snapshot["entities"].get(entity, {}).get("list") == "officers")


def can_be_star(value: Any) -> bool:
    """Tell whether a value that no form has checked may be asked of the database as a star number."""
    return isinstance(value, str) and 0 < len(value) <= _STAR_LENGTH and value.isascii() and value.isprintable()


def named_stars(snapshot: Snapshot) -> set[str]:
    """Return the stars of the officers whom a report names; they may read and write it."""
    stars: set[str] = set()
    for entity, known in snapshot["entities"].items():
        if known["list"] == "officers" and not known["removed"]:
            heads = versions(snapshot, entity, "star")
            stars.update(head["value"] for head in heads if can_be_star(head["value"]))
    return stars


def report_scopes(snapshot: Snapshot, named: list[str], stars: set[str]) -> set[str]:
    """Return the scopes that see a report: its author, the officers named on it, the district responsible.

    Nobody reads by a star's scope; it tells which reports to publish when a star number changes hands.
    """
    scopes = {f"user:{user}" for user in [snapshot["author"], *named]} | {STAR + star for star in stars}
    if snapshot["district"]:
        scopes.add(f"district:{snapshot['district']}")
    return scopes
