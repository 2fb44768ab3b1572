"""The network between phones and server: it loses, repeats, cuts and answers in the server's place."""

from dataclasses import dataclass, field, replace
from typing import Any

from demo.wire import Answer
from tests.simulation import hooks
from tests.simulation.hooks import Crash
from tests.simulation.server import Request, Server

# What may become of one request. `crash` and `fault` strike before the statement that the number beside them says.
FATES = ("fine", "lost", "unheard", "twice", "crash", "fault", "cut", "stranger")
Fate = tuple[str, int]
FINE: Fate = ("fine", 0)


class Offline(Exception):
    """Nobody answered; whether the server heard the request is not known."""


class Problem(Exception):
    """The server refused, or something answered in its place (`code` not_holdfast)."""

    def __init__(self, status: int, code: str, extra: dict[str, Any]):
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.extra = extra


@dataclass
class Network:
    """Carries requests. The next fates are taken from `ahead`; after them everything goes well."""

    server: Server
    ahead: list[Fate] = field(default_factory=list)
    # Answers to earlier pushes, which a confused proxy may give again.
    old: list[Answer] = field(default_factory=list)
    faulted: bool = False

    def send(self, request: Request, app: int = 0) -> Answer:
        """Return an answer, perhaps not the server's. Raises Offline."""
        fate, number = self.ahead.pop(0) if self.ahead else FINE
        answer: Answer = getattr(self, f"_{fate}")(request, number, app)
        if request.path == "/api/push" and fate != "stranger":
            self.old.append(answer)
        return answer

    def _fine(self, request: Request, _number: int, app: int) -> Answer:
        return self.server.handle(request, app=app)

    def _lost(self, request: Request, _number: int, app: int) -> Answer:
        raise Offline()

    def _unheard(self, request: Request, _number: int, app: int) -> Answer:
        self.server.handle(request, app=app)
        raise Offline()

    def _twice(self, request: Request, number: int, app: int) -> Answer:
        answers = [self.server.handle(request, app=app), self.server.handle(request, app=1 - app)]
        return answers[number % 2]

    def _crash(self, request: Request, number: int, app: int) -> Answer:
        try:
            return self.server.handle(request, hooks.crash(number), app)
        except Crash:
            raise Offline() from None

    def _fault(self, request: Request, number: int, app: int) -> Answer:
        self.faulted = True
        return self.server.handle(request, hooks.fault(number), app)

    def _cut(self, request: Request, _number: int, app: int) -> Answer:
        if not request.body:
            raise Offline()
        return self.server.handle(replace(request, body=request.body[: len(request.body) // 2]), app=app)

    def _stranger(self, request: Request, number: int, app: int) -> Answer:
        if request.path == "/api/push" and self.old and number % 2:
            return self.old[number % len(self.old)]
        return Answer(200, {"Content-Type": "text/html"}, b"<html>Please sign in to the guests' network.</html>")


def checked(answer: Answer) -> Answer:
    """Return an answer of this server. Raises Problem for a refusal, and where a stranger answered."""
    kind = answer.headers.get("Content-Type", "")
    if answer.status == 304:
        return answer
    if answer.status < 400:
        if "application/json" not in kind:
            raise Problem(answer.status, "not_holdfast", {})
        return answer
    if "application/problem+json" not in kind:
        raise Problem(answer.status, "not_holdfast", {})
    raise Problem(answer.status, answer.json["code"], answer.json)
