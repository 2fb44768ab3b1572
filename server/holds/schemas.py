"""How holds look outside."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from server.holds.models import Hold
from sync.holds import State


class HoldStatusSchema(Schema):
    """Where one hold stands. Days left are counted by the reader from `destroy_on`."""

    hold = fields.UUID(required=True)
    footage = fields.UUID(required=True, metadata={"description": "The footage entity, which is the intent's id."})
    state = fields.String(required=True, validate=validate.OneOf([str(state) for state in State]))
    since = fields.String(required=True, metadata={"format": "date-time"})
    destroy_on = fields.String(required=True, metadata={"format": "date-time"})
    custodian = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True, metadata={"description": "A code."})
    words = fields.String(required=True, allow_none=True, metadata={"description": "The custodian's own, on this."})


class BoardRowSchema(HoldStatusSchema):
    """A hold with what it names."""

    report = fields.UUID(required=True)
    camera = fields.String(required=True, allow_none=True)
    wearer_star = fields.String(required=True, allow_none=True)
    device_serial = fields.String(required=True, allow_none=True)
    from_ = fields.String(required=True, data_key="from", attribute="from", metadata={"format": "date-time"})
    to = fields.String(required=True, metadata={"format": "date-time"})
    basis = fields.String(required=True, allow_none=True)


class BoardSchema(Schema):
    """The holds of a district, the most urgent first."""

    holds = fields.List(fields.Nested(BoardRowSchema), required=True)


def status(hold: Hold, words: str | None) -> dict[str, Any]:
    return {
        "hold": hold.id,
        "footage": hold.intent,
        "state": str(hold.state),
        "since": _moment(hold.since),
        "destroy_on": _moment(hold.destroy_on),
        "custodian": hold.custodian,
        "reference": hold.reference,
        "error": hold.error,
        "words": words,
    }


def board_row(hold: Hold, words: str | None) -> dict[str, Any]:
    return {
        **status(hold, words),
        "report": hold.report_id,
        "camera": hold.kind,
        "wearer_star": hold.wearer_star,
        "device_serial": hold.device_serial,
        "from": _moment(hold.start),
        "to": _moment(hold.end),
        "basis": hold.basis,
    }


def _moment(found: datetime) -> str:
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")
