"""How a client in Python reaches the server: over real HTTP, or straight into the application."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import httpx

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Transport(Protocol):
    """How a phone reaches the server: the test client of the application, or a real connection."""

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer: ...


class Refused(Exception):
    """The server answered with a problem; `answer` holds it."""

    def __init__(self, answer: Answer):
        super().__init__(f"{answer.status}: {answer.body[:300]!r}")
        self.answer = answer


def http(base_url: str) -> Transport:
    """Return a transport over real HTTP that keeps cookies."""
    connection = httpx.Client(base_url=base_url, timeout=60)

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        found = connection.request(method, path, headers=dict(headers), content=body)
        return Answer(found.status_code, found.headers, found.content)

    return send


def in_process(client: "FlaskClient") -> Transport:
    """Return a transport into the application of a test client."""

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        found = client.open(path, method=method, headers=dict(headers), data=body)
        return Answer(found.status_code, httpx.Headers(list(found.headers.items())), found.get_data())

    return send
