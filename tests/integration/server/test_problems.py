"""Bad requests get a problem document with a stable code, whatever the address and method."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.cast import Cast


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_an_unknown_address_of_the_api_does_not_exist_for_any_method(client: FlaskClient, method: str) -> None:
    found = client.open("/api/nothing/here", method=method)
    assert (found.status_code, found.content_type) == (404, "application/problem+json")
    assert found.json is not None
    assert (found.json["code"], found.json["retry"]) == ("not_found", "never")


def test_a_known_address_says_which_methods_it_takes(client: FlaskClient) -> None:
    found = client.put("/api/push")
    assert found.status_code == 405
    assert "POST" in found.headers["Allow"]


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    found = client.get("/api/nothing")
    assert found.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Cache-Control"] == "no-store"
    page = client.get("/nothing")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=(self)" in page.headers["Permissions-Policy"]


def test_a_body_of_unknown_length_is_refused_before_it_is_read(
    client: FlaskClient, cast: Cast, sign_in: Callable[..., dict[str, str]]
) -> None:
    """A limit can be kept before reading only where the length is announced."""

    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Unread(), "wsgi.input_terminated": True}
    found = client.post("/api/push", headers=sign_in(cast.officer), environ_overrides=chunked)
    assert found.json is not None
    assert (found.status_code, found.json["code"]) == (411, "length_required")
