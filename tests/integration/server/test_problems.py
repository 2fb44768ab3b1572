"""Bad requests get a problem document with a stable code, whatever the address and method."""

import pytest
from flask.testing import FlaskClient


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
    assert "script-src 'self'" in found.headers["Content-Security-Policy"]
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Cache-Control"] == "no-store"
