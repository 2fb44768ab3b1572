"""The API keeps to its own description, whatever a client sends: no crash, no answer that the spec does not know."""

from collections.abc import Callable
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance

from tests.support.cast import Cast, Member

# The stream of pokes has no end of its own to wait for, so it is left to the browser tests.
ENDLESS = {"/api/poke"}
FEWEST_ROUTES = 25


def caller(cast: Cast, path: str) -> Member:
    """Choose someone who may call a route, so that more than the guard is tried."""
    if path.startswith("/api/users"):
        return cast.admin
    return cast.auditor if path.startswith("/api/audit") else cast.desk


def test_no_input_breaks_a_route(app: Flask, cast: Cast, sign_in: Callable[..., dict[str, str]]) -> None:
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= FEWEST_ROUTES
    for operation in operations:
        if operation.path not in ENDLESS:
            try_route(operation, sign_in(caller(cast, operation.path)))


def try_route(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=8,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def try_it(case: schemathesis.Case) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=[not_a_server_error, content_type_conformance])

    try_it()
