"""What push and pull take and give."""

from marshmallow import EXCLUDE, Schema, fields, validate

MAX_OPS = 200
MAX_OP_CHARACTERS = 512 * 1024


class PushIn(Schema):
    class Meta:
        unknown = EXCLUDE

    ops = fields.List(
        # A compact JWS is base64url with dots. What is no printable ASCII could not even be kept as it came.
        fields.String(validate=[validate.Length(1, MAX_OP_CHARACTERS), validate.Regexp(r"[\x20-\x7e]+\Z")]),
        required=True,
        validate=validate.Length(1, MAX_OPS),
    )
    unsent = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 2**31),
        metadata={"description": "ops that will still wait on the device when these have come"},
    )


class ReceiptOut(Schema):
    op = fields.String(required=True, allow_none=True)
    sha256 = fields.String(required=True, metadata={"description": "SHA-256 of the string as stored, in hexadecimal"})
    seq = fields.Integer(required=True)
    verdict = fields.String(required=True, validate=validate.OneOf(["applied", "merged", "conflict", "quarantined"]))
    reason = fields.String(required=True, allow_none=True)


class PushOut(Schema):
    receipts = fields.List(fields.Nested(ReceiptOut), required=True)
    statement = fields.String(required=True, allow_none=True)
    beacon = fields.String(required=True, allow_none=True)


class PullQuery(Schema):
    class Meta:
        unknown = EXCLUDE

    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=200, validate=validate.Range(1, 1000))
    device = fields.UUID(load_default=None, metadata={"description": "the reader's own device, with `unsent`"})
    unsent = fields.Integer(
        load_default=None,
        validate=validate.Range(0, 2**31),
        metadata={"description": "ops that still wait on that device, as it last counted"},
    )


class OriginOut(Schema):
    op = fields.String(required=True)
    actor = fields.String(required=True)
    device = fields.String(required=True)
    wall = fields.String(required=True)
    offset = fields.Integer(required=True)
    received = fields.String(required=True, allow_none=True)
    not_before = fields.String(
        required=True, allow_none=True, metadata={"description": "when the server stated what the op's beacon names"}
    )


class VersionOut(OriginOut):
    base = fields.List(fields.String(), required=True, metadata={"description": "versions that its author had seen"})
    value = fields.Raw(required=True, allow_none=True)
    words_of = fields.Nested(
        OriginOut,
        metadata={"description": "whose words a desk took in late: `op` and `actor` are then the desk's"},
    )


class QuestionOut(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(["conflict", "merged"]))
    text = fields.String(required=True, allow_none=True, metadata={"description": "both authors' text, put together"})
    seen = fields.List(fields.Nested(VersionOut), required=True)


class SettlementOut(Schema):
    entity = fields.String(required=True)
    field = fields.String(required=True)
    op = fields.String(required=True)
    actor = fields.String(required=True)
    device = fields.String(required=True)
    wall = fields.String(required=True)
    offset = fields.Integer(required=True)
    received = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    not_kept = fields.List(fields.Nested(VersionOut), required=True)


class EntityOut(Schema):
    list = fields.String(required=True, allow_none=True)
    parent = fields.String(required=True, allow_none=True)
    removed = fields.Boolean(required=True)
    flagged = fields.Boolean(required=True)


class FormRef(Schema):
    id = fields.String(required=True)
    version = fields.Integer(required=True)


class SnapshotOut(Schema):
    report = fields.String(required=True)
    form = fields.Nested(FormRef, required=True)
    author = fields.String(required=True)
    district = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    entities = fields.Dict(fields.String(), fields.Nested(EntityOut), required=True)
    fields_ = fields.Dict(
        fields.String(),
        fields.Dict(fields.String(), fields.List(fields.Nested(VersionOut))),
        required=True,
        data_key="fields",
    )
    open = fields.Dict(fields.String(), fields.Dict(fields.String(), fields.Nested(QuestionOut)), required=True)
    settled = fields.List(fields.Nested(SettlementOut), required=True)
    ops = fields.Integer(required=True)


class EditOut(Schema):
    entity = fields.String(required=True)
    field = fields.String(required=True)
    base = fields.List(fields.String(), required=True)
    value = fields.Raw(required=True, allow_none=True)


class QuarantinedOut(Schema):
    op = fields.String(required=True)
    sha256 = fields.String(required=True)
    kind = fields.String(required=True, allow_none=True)
    actor = fields.String(required=True, allow_none=True)
    device = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    received = fields.String(required=True)
    not_before = fields.String(required=True, allow_none=True)
    wall = fields.String(required=True, allow_none=True)
    edits = fields.List(
        fields.Nested(EditOut),
        required=True,
        allow_none=True,
        metadata={"description": "null where there was no room for them: the report's history has them"},
    )


class HoldStatusOut(Schema):
    hold = fields.String(required=True)
    footage = fields.String(required=True)
    state = fields.String(required=True)
    since = fields.String(required=True)
    destroy_on = fields.String(required=True, allow_none=True)
    custodian = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    words = fields.String(required=True, allow_none=True)


class PhotoStatusOut(Schema):
    photo = fields.String(required=True)
    sha256 = fields.String(required=True)
    size = fields.Integer(required=True)
    type = fields.String(required=True)
    received = fields.String(required=True)


class FlagOut(Schema):
    op = fields.String(required=True)
    device = fields.String(required=True)
    flag = fields.String(required=True, validate=validate.OneOf(["n_reused"]))
    other = fields.String(required=True)


class CopyOut(Schema):
    report = fields.String(required=True)
    seq = fields.Integer(required=True)
    snapshot = fields.Nested(SnapshotOut, required=True)
    holds = fields.List(fields.Nested(HoldStatusOut), required=True)
    photos = fields.List(fields.Nested(PhotoStatusOut), required=True)
    quarantined = fields.List(fields.Nested(QuarantinedOut), required=True)
    kept = fields.Integer(
        required=True, metadata={"description": "how many ops are kept aside; `quarantined` lists some of them"}
    )
    flags = fields.List(fields.Nested(FlagOut), required=True)


class PatchOut(Schema):
    """Members of a snapshot, entities, fields and sections that take the place of those that a reader has."""

    set = fields.Dict(required=True)
    entities = fields.Dict(fields.String(), fields.Nested(EntityOut), required=True)
    fields_ = fields.Dict(
        fields.String(),
        fields.Dict(fields.String(), fields.List(fields.Nested(VersionOut))),
        required=True,
        data_key="fields",
    )
    facts = fields.Dict(required=True)


class ChangeOut(CopyOut):
    """A copy; or, for a reader that has the report as it was at `since`, a patch in the place of all sections."""

    snapshot = fields.Nested(SnapshotOut)
    holds = fields.List(fields.Nested(HoldStatusOut))
    photos = fields.List(fields.Nested(PhotoStatusOut))
    quarantined = fields.List(fields.Nested(QuarantinedOut))
    kept = fields.Integer()
    flags = fields.List(fields.Nested(FlagOut))
    since = fields.Integer()
    patch = fields.Nested(PatchOut)


class ContactOut(Schema):
    device = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    actor = fields.String(required=True)
    unsent = fields.Integer(required=True, allow_none=True)
    missing = fields.Integer(required=True, metadata={"description": "ops that have not come though later ones have"})
    at = fields.DateTime(required=True)


class ContactsOut(Schema):
    contacts = fields.List(fields.Nested(ContactOut), required=True)


class PersonOut(Schema):
    name = fields.String(required=True)
    star = fields.String(required=True, allow_none=True)


class DeviceNameOut(Schema):
    name = fields.String(required=True)


class PageOut(Schema):
    changes = fields.List(fields.Nested(ChangeOut), required=True)
    left = fields.List(fields.String(), required=True)
    people = fields.Dict(fields.String(), fields.Nested(PersonOut), required=True)
    devices = fields.Dict(fields.String(), fields.Nested(DeviceNameOut), required=True)
    cursor = fields.String(required=True)
    more = fields.Boolean(required=True)
    reset = fields.Boolean(required=True)
    beacon = fields.String(required=True, allow_none=True)
