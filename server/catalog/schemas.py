"""What the catalog gives. A form's own shape is sync/forms/form.schema.json."""

from marshmallow import Schema, fields, validate


class OptionOut(Schema):
    id = fields.String(required=True)
    label = fields.String(required=True)
    group = fields.String()


class DistrictOut(Schema):
    district = fields.String(required=True)
    beat_prefix = fields.String(required=True)
    name = fields.String(required=True)


class OffenseOut(Schema):
    id = fields.String(required=True)
    category = fields.String(required=True)
    label = fields.String(required=True)
    ilcs = fields.String(required=True, allow_none=True)
    iucr = fields.String(required=True, allow_none=True)


class OffensesOut(Schema):
    version = fields.String(required=True)
    status = fields.String(required=True)
    sources = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    excluded = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)
    offenses = fields.List(fields.Nested(OffenseOut), required=True)


class HoldPolicyOut(Schema):
    days = fields.Integer(required=True)
    pad_before_min = fields.Integer(required=True)
    pad_after_min = fields.Integer(required=True)
    escalate_day = fields.Integer(required=True)
    alarm_day = fields.Integer(required=True)


class OptionsOut(Schema):
    """The lists that fields name in `options_from`, all in one shape."""

    districts = fields.List(fields.Nested(OptionOut), required=True)
    offenses = fields.List(fields.Nested(OptionOut), required=True)
    agencies = fields.List(fields.Nested(OptionOut), required=True)
    legal_bases = fields.List(fields.Nested(OptionOut), required=True)


class CatalogOut(Schema):
    version = fields.String(required=True)
    demonstration = fields.Boolean(
        required=True, metadata={"description": "The server runs with invented data; the app says so on every screen."}
    )
    forms = fields.List(fields.Dict(), required=True)
    districts = fields.List(fields.Nested(DistrictOut), required=True)
    offenses = fields.Nested(OffensesOut, required=True)
    agencies = fields.List(fields.Nested(OptionOut), required=True)
    legal_bases = fields.List(fields.Nested(OptionOut), required=True)
    hold = fields.Nested(HoldPolicyOut, required=True)
    photo_of_id = fields.String(required=True, validate=validate.OneOf(["allowed", "transcribe_only"]))
    options = fields.Nested(OptionsOut, required=True)
