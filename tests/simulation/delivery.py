"""A phone's way to the server, by the app's rules: who it is, what it delivers, how it follows the feed."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import jwt

from demo.wire import Answer
from tests.simulation.client import Client
from tests.simulation.disk import ONLY_HERE, Row
from tests.simulation.server import Request, refresh_cookie
from tests.simulation.wire import Network, Offline, Problem, checked

MAX_OPS = 100
# Far below the app's, so that a walk through the feed has several pages.
PAGE = 3
# Statuses after which half of the batch is tried.
SPLITS = frozenset({400, 413, 422, 500})
PATIENCE = 3
STRANGER = "not_holdfast"
Headers = Mapping[str, str]
_NONE: Headers = {}


class Session(Client):
    """Who the phone is to the server: a session while it lasts, else the device's own signature."""

    network: Network
    # Which of the server's two processes its requests reach.
    app = 0
    # Before its first sign-in a phone has no key that anybody knows, and saves nothing.
    enrolled = False
    token: str | None = None
    upload_token: str | None = None
    cookie: str | None = None

    def call(
        self, method: str, path: str, payload: Any = None, *, reading: bool = True, headers: Headers = _NONE
    ) -> Answer:
        """Ask as this phone's person, once more after a refused token. Raises Offline and Problem."""
        token = self._bearer(reading, None)
        while True:
            try:
                return self._send(self.request(method, path, payload, token, headers))
            except Problem as failed:
                newer = self._bearer(reading, token) if token and is_login_required(failed) else None
                if not newer:
                    raise
                token = newer

    def request(
        self, method: str, path: str, payload: Any = None, token: str | None = None, headers: Headers = _NONE
    ) -> Request:
        body = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        given = {"Content-Type": "application/json"} if body is not None else {}
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return Request(method, path, {**given, **bearer, **headers}, body)

    def _send(self, request: Request) -> Answer:
        return checked(self.network.send(request, self.app))

    def may_read(self) -> bool:
        """Tell whether there is a session; finding out may cost a request. Raises Offline."""
        return self._bearer(True, None) is not None

    def _bearer(self, reading: bool, refused: str | None) -> str | None:
        try:
            token = self._session_token(refused)
        except Problem as failed:
            if reading or failed.code == STRANGER:
                raise
            token = None
        if token and token != refused:
            return token
        return None if reading else self._upload_token(refused)

    def _session_token(self, refused: str | None) -> str | None:
        if self.token and self.token != refused:
            return self.token
        if not self.cookie:
            return None
        try:
            cookie = {"Cookie": f"refresh={self.cookie}"}
            answer = self._send(self.request("POST", "/api/session/refresh", {}, headers=cookie))
        except Problem as failed:
            if not is_login_required(failed) and failed.status != 403:
                raise
            self.token = self.cookie = None
            return None
        self.token, self.cookie = answer.json["access_token"], refresh_cookie(answer)
        return self.token

    def _upload_token(self, refused: str | None) -> str | None:
        if self.upload_token and self.upload_token != refused:
            return self.upload_token
        self.upload_token = self._exchange(None)
        return self.upload_token

    def _exchange(self, nonce: str | None) -> str | None:
        try:
            answer = self._send(self.request("POST", "/api/devices/token", {"assertion": self._assertion(nonce)}))
        except Problem as failed:
            # The phone's clock is far off; the server's nonce takes its place.
            if nonce is None and isinstance(failed.extra.get("nonce"), str):
                return self._exchange(failed.extra["nonce"])
            if is_login_required(failed):
                return None
            raise
        return str(answer.json["access_token"])

    def _assertion(self, nonce: str | None) -> str:
        now = self.clock()
        claims = {
            "iss": self.device,
            "aud": "holdfast",
            "iat": now,
            "exp": now + timedelta(minutes=2),
            "jti": self.pen.new_id(),
            **({"nonce": nonce} if nonce else {}),
        }
        return jwt.encode(claims, self.identity.key, "ES256", {"kid": self.device})

    def sign_in(self) -> None:
        """Open a session with the password. Raises Offline and Problem."""
        person = self.identity.person
        given = {"username": person.username, "password": person.password}
        answer = self._send(self.request("POST", "/api/session", given))
        self.token, self.cookie = answer.json["access_token"], refresh_cookie(answer)
        with contextlib.suppress(Offline, Problem):
            self._enrol()

    def _enrol(self) -> None:
        """Tell the key, at every sign-in: a server that was restored to before the enrolment has forgotten it."""
        given = {"name": "Phone", "public_jwk": self.pen.public_jwk(), "assertion": self._assertion(None)}
        self.call("POST", "/api/devices", given)
        self.enrolled = True
        for row in self.disk.rows.values():
            if row.state == "refused" and row.reason == "unknown_device":
                row.state, row.seq, row.settled_at = "pending", None, None


def is_login_required(failed: Problem) -> bool:
    return failed.status == 401 and failed.code != STRANGER


class Sender(Session):
    """Delivering ops. One leaves the pending ones only on a receipt whose hash is its own (P7)."""

    # Told of each receipt that fits, and how often what happened.
    acknowledged: Callable[[Row, dict[str, Any]], None]
    seen: Counter[str]
    # Whether this delivery was answered that nobody knows the device, and its key told once more.
    told_of_itself = False

    def push(self) -> None:
        """Send every pending op. Raises Offline, and Problem after trying all that could be tried."""
        self._failures = 0
        self.told_of_itself = False
        self._problem: Problem | None = None
        ordered = in_sending_order(list(self.waiting()))
        for first in range(0, len(ordered), MAX_OPS):
            self._deliver(ordered[first : first + MAX_OPS])
        if self._problem:
            raise self._problem

    def _deliver(self, batch: list[Row]) -> None:
        try:
            answer = self.call("POST", "/api/push", self.body(batch), reading=False)
        except Problem as failed:
            if failed.status not in SPLITS or failed.code == STRANGER:
                raise
            if len(batch) == 1:
                self._set_aside(batch[0], failed)
                return
            middle = (len(batch) + 1) // 2
            self._deliver(batch[:middle])
            self._deliver(batch[middle:])
        else:
            found = read_push(answer)
            if self.settle(batch, found) < len(batch):
                self._problem = Problem(200, "receipt_mismatch", {})
            if not self.told_of_itself and any(each["reason"] == "unknown_device" for each in found["receipts"]):
                self.told_of_itself = True
                with contextlib.suppress(Offline, Problem):
                    self._enrol()

    def body(self, batch: Sequence[Row]) -> dict[str, Any]:
        waiting = sum(1 for _ in self.waiting())
        return {"ops": [row.jws for row in batch], "unsent": max(0, waiting - len(batch))}

    def _set_aside(self, row: Row, failed: Problem) -> None:
        if failed.status == 500:
            self._problem = failed
            self._failures += 1
            if self._failures >= PATIENCE:
                raise failed
            return
        row.state, row.reason = "stuck", failed.code
        self.seen["stuck"] += 1

    def settle(self, batch: Sequence[Row], answer: dict[str, Any]) -> int:
        """Put receipts to their ops; return how many ops they settled."""
        receipts = {each["sha256"]: each for each in answer["receipts"]}
        settled = 0
        for sent in batch:
            receipt, row = receipts.get(sent.sha256), self.disk.rows.get(sent.sha256)
            # The phone may have been put back to an older state while the answer was on its way.
            if receipt is None or row is None or receipt["op"] not in (None, row.id):
                continue
            row.state = "refused" if receipt["verdict"] == "quarantined" else "acked"
            row.seq, row.reason, row.settled_at = receipt["seq"], receipt["reason"], self.network.server.now
            row.verdict = receipt["verdict"]
            self.acknowledged(row, receipt)
            settled += 1
        self.disk.beacon = answer.get("beacon") or self.disk.beacon
        return settled

    def restart(self) -> None:
        """Begin another life of the app: what was in memory is gone, and stuck ops get another chance."""
        self.token = self.upload_token = None
        for row in self.disk.rows.values():
            if row.state == "stuck":
                row.state, row.reason = "pending", None

    def prune(self) -> None:
        """Drop what the server has had for 30 days and shows in its snapshot."""
        before = self.network.server.now - timedelta(days=30)
        for sha, row in list(self.disk.rows.items()):
            old = row.state == "acked" and row.settled_at is not None and row.settled_at < before
            if old and (row.seq == -1 or self.covers(row)):
                del self.disk.rows[sha]


def read_push(answer: Answer) -> dict[str, Any]:
    """Return the answer to a push. Raises Problem where it is none."""
    found = answer.json
    receipts = found.get("receipts") if isinstance(found, dict) else None
    if not isinstance(receipts, list) or not all(isinstance(each.get("sha256"), str) for each in receipts):
        raise Problem(200, STRANGER, {})
    return dict(found)


def in_sending_order(rows: list[Row]) -> list[Row]:
    """Order pending ops: first the holds, each with what its bases need; then report by report."""
    pending = {row.id: row for row in rows if row.id}
    needed: set[str] = set()
    wanted = [row.id for row in rows if row.kind == "hold" and row.id]
    while wanted:
        each = wanted.pop()
        row = pending.get(each)
        if row is None or row.payload is None or each in needed:
            continue
        needed.add(each)
        wanted += [base for edit in row.payload["edits"] for base in edit["base"]]
    reports: dict[str | None, list[Row]] = {}
    for row in rows:
        if row.id not in needed:
            reports.setdefault(row.report, []).append(row)
    return [*(row for row in rows if row.id in needed), *(row for each in reports.values() for row in each)]


def unsent(client: Client) -> int:
    return sum(row.state in ONLY_HERE for row in client.disk.rows.values())
