"""What the account routes read and write."""

from marshmallow import Schema, fields, validate

from server.accounts.policy import GRANTS, MAX_PASSWORD, ROLES

_PASSWORD = validate.Length(min=1, max=1024)
_GRANT = fields.String(validate=validate.OneOf(GRANTS))


class UserSchema(Schema):
    """An account as its owner and the admins see it."""

    id = fields.String(required=True)
    username = fields.String(required=True)
    display_name = fields.String(required=True)
    star = fields.String(required=True, allow_none=True)
    district = fields.String(required=True, allow_none=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    grants = fields.List(_GRANT, required=True)
    active = fields.Boolean(required=True)
    must_change_password = fields.Boolean(required=True)


class UsersSchema(Schema):
    users = fields.List(fields.Nested(UserSchema), required=True)


class NewUserSchema(Schema):
    username = fields.String(required=True, validate=validate.Length(min=2, max=64))
    display_name = fields.String(required=True, validate=validate.Length(min=1, max=120))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    star = fields.String(allow_none=True, validate=validate.Length(max=12))
    district = fields.String(allow_none=True, validate=validate.Length(max=3))
    grants = fields.List(_GRANT)


class UserChangeSchema(Schema):
    display_name = fields.String(validate=validate.Length(min=1, max=120))
    role = fields.String(validate=validate.OneOf(ROLES))
    star = fields.String(allow_none=True, validate=validate.Length(max=12))
    district = fields.String(allow_none=True, validate=validate.Length(max=3))
    grants = fields.List(_GRANT)


class OneTimePasswordSchema(Schema):
    """A password that is shown once and stored nowhere."""

    password = fields.String(required=True)


class CreatedUserSchema(OneTimePasswordSchema):
    user = fields.Nested(UserSchema, required=True)


class CredentialsSchema(Schema):
    username = fields.String(required=True, validate=validate.Length(min=1, max=256))
    password = fields.String(required=True, validate=_PASSWORD)


class SessionSchema(Schema):
    """An access token for the header `Authorization: Bearer`; the refresh token travels in a cookie only."""

    access_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    user = fields.Nested(UserSchema, required=True)


class PasswordChangeSchema(Schema):
    current = fields.String(required=True, validate=_PASSWORD)
    new = fields.String(
        required=True,
        validate=_PASSWORD,
        metadata={"description": f"12 to {MAX_PASSWORD} characters, not among the banned ones"},
    )
