"""Errors as RFC 9457 problem documents: classes with a stable code, mapped to HTTP in one table."""

from typing import Any, ClassVar, Literal

import structlog
from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

Retry = Literal["never", "backoff", "after_login", "after_update"]
TYPE_BASE = "https://holdfast.example/problems/"
log = structlog.get_logger()


class Problem(Exception):
    """An error that the caller is told of. `detail` says what to do; it never holds what a person wrote."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on the server"
    retry: ClassVar[Retry] = "backoff"
    hint: ClassVar[str] = "Nothing that you saved is lost. Try again in a moment."

    def __init__(self, detail: str | None = None, headers: dict[str, str] | None = None, **extra: object):
        super().__init__(detail or self.hint)
        self.detail = detail or self.hint
        self.headers = headers or {}
        self.extra = extra


class NotFound(Problem):
    status, code, title, retry = 404, "not_found", "There is nothing here", "never"
    hint = "Check the address, or go back to the list."


class Forbidden(Problem):
    status, code, title, retry = 403, "forbidden", "Your account may not do this", "never"
    hint = "Ask an admin if your account should be able to."


class LoginRequired(Problem):
    status, code, title, retry = 401, "login_required", "Sign in to go on", "after_login"
    hint = "Sign in again. What you saved on this device stays and can still be sent."


class Malformed(Problem):
    status, code, title, retry = 400, "malformed", "The request cannot be read", "never"
    hint = "Compare the request with /api/openapi.json."


class TooLarge(Problem):
    status, code, title, retry = 413, "too_large", "The request is too large", "never"
    hint = "Send it in smaller parts."


class LengthRequired(Problem):
    status, code, title, retry = 411, "length_required", "The request does not say how long it is", "never"
    hint = "Send it with a Content-Length; only uploads may come in chunks."


class Conflict(Problem):
    status, code, title, retry = 409, "conflict", "This does not fit what is stored", "never"
    hint = "Read the present state and try again."


class Unavailable(Problem):
    status, code, title, retry = 503, "unavailable", "The server is busy", "backoff"
    hint = "Try again in a moment."


_BY_STATUS: dict[int, type[Problem]] = {
    400: Malformed,
    401: LoginRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    503: Unavailable,
}


def document(problem: Problem) -> Response:
    """Build the response for a problem: `application/problem+json`, with `retry` as advice to the client."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "retry": problem.retry,
        **problem.extra,
    }
    response = Response(json.dumps(body), problem.status, content_type="application/problem+json")
    response.headers.update(problem.headers)
    return response


def _from_http(error: HTTPException) -> Problem:
    status = error.code or 500
    known = _BY_STATUS.get(status)
    if status == 422:
        fields = getattr(error, "data", {}).get("messages", {})
        return Malformed("Some values are missing or wrong; see `errors`.", errors=fields)
    if known:
        return known()
    problem = Problem(error.description or None)
    # A status of its own on the instance keeps 405 and its like honest without a class for each.
    problem.status, problem.code = status, (error.name or "error").lower().replace(" ", "_")  # type: ignore[misc]
    problem.title, problem.retry = error.name, "never"  # type: ignore[misc]
    if error.get_response() is not None and "Allow" in error.get_response().headers:
        problem.headers["Allow"] = error.get_response().headers["Allow"]
    return problem


def install(app: Flask) -> None:
    """Answer every error with a problem document; an unexpected one is logged without the request's content."""

    @app.errorhandler(Problem)
    def known(error: Problem) -> Response:
        return document(error)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return document(_from_http(error))

    @app.errorhandler(RecursionError)
    def nested(_error: RecursionError) -> Response:
        return document(Malformed("The request is nested too deeply."))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("unexpected", endpoint=request.endpoint, kind=type(error).__name__, exc_info=error)
        return document(Problem())
