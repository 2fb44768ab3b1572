"""What the device routes read and write."""

from marshmallow import INCLUDE, Schema, fields, validate


class PublicJwkSchema(Schema):
    """A public EC P-256 key (RFC 7517). Other members, such as `ext` and `key_ops`, are allowed and not kept."""

    class Meta:
        unknown = INCLUDE

    kty = fields.String(required=True, validate=validate.Equal("EC"))
    crv = fields.String(required=True, validate=validate.Equal("P-256"))
    x = fields.String(required=True, validate=validate.Length(max=64))
    y = fields.String(required=True, validate=validate.Length(max=64))


class DeviceSchema(Schema):
    """A device; `user` is the id of the account that it belongs to."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    user = fields.String(required=True, attribute="user_id")
    enrolled_at = fields.AwareDateTime(required=True, format="iso")
    revoked_at = fields.AwareDateTime(required=True, allow_none=True, format="iso")


class DevicesSchema(Schema):
    devices = fields.List(fields.Nested(DeviceSchema), required=True)


_ASSERTION = (
    "JWT, ES256 by the device's key; header kid and claim iss: the device id; aud: holdfast; iat, exp (up to 5 minutes "
    "later), jti; optionally nonce, which makes the device's clock irrelevant"
)


class NewDeviceSchema(Schema):
    """A key to be enrolled; with a statement under the device's id where it was enrolled before."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=80))
    public_jwk = fields.Nested(PublicJwkSchema, required=True)
    assertion = fields.String(
        load_default=None, validate=validate.Length(max=4096), metadata={"description": _ASSERTION}
    )


class AssertionSchema(Schema):
    assertion = fields.String(required=True, validate=validate.Length(max=4096), metadata={"description": _ASSERTION})


class UploadTokenSchema(Schema):
    """A token that pushes and uploads, and never reads. A `revoked` device delivers into quarantine."""

    access_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    revoked = fields.Boolean(required=True)


class NonceSchema(Schema):
    nonce = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
