"""What reading a report gives."""

from marshmallow import Schema, fields


class HistoryOpOut(Schema):
    op = fields.String(required=True)
    sha256 = fields.String(required=True)
    jws = fields.String(required=True)
    payload = fields.Dict(required=True, allow_none=True)
    verdict = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    received = fields.DateTime(required=True)
    not_before = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "when the server made the newest statement that its author had read"},
    )
    seq = fields.Integer(required=True, allow_none=True)


class HistoryOut(Schema):
    ops = fields.List(fields.Nested(HistoryOpOut), required=True)
