"""The API's description: flask-smorest's, with errors described as the problem documents that they are."""

from typing import Any

from flask_smorest import Api
from marshmallow import Schema, fields, validate


class ProblemOut(Schema):
    """RFC 9457, with a stable code and advice on trying again."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    retry = fields.String(required=True, validate=validate.OneOf(["never", "backoff", "after_login", "after_update"]))
    errors = fields.Dict()


class ProblemApi(Api):  # type: ignore[misc]
    """An API whose error responses are `application/problem+json`."""

    ERROR_SCHEMA = ProblemOut

    def _register_responses(self) -> Any:
        # The library takes one content type for all responses that it registers itself, and those are all errors.
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = Api.DEFAULT_RESPONSE_CONTENT_TYPE
