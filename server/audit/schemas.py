"""What the audit routes read and write."""

from marshmallow import Schema, fields, validate

from server.audit.chain import moment


class AfterSchema(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**63 - 1))


class AuditEventSchema(Schema):
    """One event. `sha256` covers the canonical JSON of the other fields; `actor` is a user id or `system`."""

    n = fields.Integer(required=True)
    at = fields.Function(lambda event: moment(event.at), required=True, metadata={"type": "string"})
    actor = fields.String(required=True)
    action = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject = fields.String(required=True)
    detail = fields.Dict(required=True)
    prev = fields.String(required=True, allow_none=True)
    sha256 = fields.String(required=True)


class AuditEventsSchema(Schema):
    events = fields.List(fields.Nested(AuditEventSchema), required=True)


class VerificationSchema(Schema):
    """`events` that fit, counted from the first; `first_bad` is the number of the first that does not."""

    ok = fields.Boolean(required=True)
    events = fields.Integer(required=True)
    head = fields.String(required=True, allow_none=True)
    first_bad = fields.Integer(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True)
