"""Verdicts and receipts: what the server says of an op, and the reasons for which it keeps one without applying it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    APPLIED = "applied"
    MERGED = "merged"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


# Reason code -> what a person is told. Stable: phones and desks show them in their own words by the code.
REASONS: dict[str, str] = {
    "malformed": "The op cannot be read.",
    "newer_op_format": "The op was written by a newer app; the server must be updated.",
    "unknown_kind": "The kind of the op is not known.",
    "field_twice": "The op writes one field twice.",
    "bad_signature": "The signature does not fit the device's key.",
    "unknown_device": "The device is not enrolled.",
    "revoked_device": "The device was revoked.",
    "not_device_owner": "The op's actor is not the device's user.",
    "op_id_reused": "Another op with the same id was stored before.",
    "waiting_for_base": "An op that this one builds on, or that made its entity, has not arrived yet.",
    "waiting_for_report": "The op that begins the report has not arrived yet.",
    "unknown_form": "The form's version is not known; the server must be updated.",
    "unknown_entity": "The op writes to an entity that was never made.",
    "not_allowed": "The account may not write this to this report.",
    "own_report": "The author of a report may not review it.",
    "report_locked": "The report is approved; only a supplement can be added.",
    "not_approved": "A supplement can be added only to an approved report.",
    "stale_view": "The report changed after it was read.",
    "no_conflict": "The field is not in conflict, or not all of it was seen; there is nothing to settle.",
    "conflict_needs_reason": "The field is in conflict; settle it with a reason.",
    "open_conflict": "A conflict is open; settle it first.",
    "unconfirmed_merge": "A text was merged from two and nobody has confirmed it; read and confirm it first.",
    "not_kept_aside": "The op named is none of this report's that is kept aside.",
    "not_verbatim": "A correction must carry the late edits exactly as they were written.",
    "incomplete": "Something that is needed to submit is missing.",
    "reason_missing": "A reason must be given.",
    "wrong_kind": "This kind of op may not write these fields.",
    "written_once": "The field can be written only once.",
    "bad_value": "A value does not fit its field.",
    "hold_needs_one_footage": "A hold must be about one camera's footage.",
    "hold_names_other_camera": "The hold names another camera than before; make a new hold for it.",
    "hold_of_other_report": "The footage is held for another report.",
    "rule_failed": "The rules failed on this op; it will be run again after an update.",
}


# Reasons that a later version of the rules or of a form may lift: such ops are judged again by `rejudge`.
MENDABLE = ("rule_failed", "unknown_form", "unknown_entity")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server stored: the SHA-256 that it computed over the stored bytes, and where in the feed it stands."""

    op: str | None
    sha256: str
    seq: int
    verdict: str
    reason: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "op": self.op,
            "sha256": self.sha256,
            "seq": self.seq,
            "verdict": self.verdict,
            "reason": self.reason,
        }
