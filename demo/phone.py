"""A phone in Python: it enrols, signs ops, pushes, pulls and uploads as the PWA does.

The demonstration data and the tests both use it: whatever they put into the server went through the one door.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from demo.device import Device, sha256
from demo.wire import Answer, Refused, Transport
from sync.patch import patched

TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(kw_only=True)
class Phone(Device):
    """A device with a way to the server: session, delivery, the feed, photos."""

    transport: Transport
    name: str = "Phone"
    token: str = ""
    cursor: str = ""

    def call(self, method: str, path: str, payload: Any = None, **headers: str) -> Answer:
        """Send JSON with the bearer token. Raises Refused for a status of 400 or more."""
        body = None if payload is None else json.dumps(payload).encode()
        given = {"Content-Type": "application/json"} if body is not None else {}
        return self.send(method, path, {**given, **headers}, body)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send bytes with the bearer token. Raises Refused for a status of 400 or more."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        found = self.transport(method, path, {**bearer, **headers}, body)
        if found.status >= 400:
            raise Refused(found)
        return found

    def sign_in(self) -> "Phone":
        """Open a session with the password."""
        self.token = ""
        given = {"username": self.person.username, "password": self.person.password}
        self.token = self.call("POST", "/api/session", given).json["access_token"]
        return self

    def enrol(self) -> "Phone":
        """Make this phone a device of the person who is signed in, or remind the server that it is one."""
        given = {"name": self.name, "public_jwk": self.public_jwk()}
        if self.device:
            given["assertion"] = self.assertion()
        self.device = self.call("POST", "/api/devices", given).json["id"]
        return self

    def assertion(self, **changes: Any) -> str:
        """Sign the statement that buys an upload-only token without a password."""
        now = datetime.now(UTC)
        claims = {
            "iss": self.device,
            "aud": "holdfast",
            "iat": now,
            "exp": now + timedelta(minutes=4),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode({**claims, **changes}, self.key, "ES256", {"kid": self.device})

    def sign_in_to_deliver(self) -> "Phone":
        """Swap the session for an upload-only token: all that an expired session leaves."""
        self.token = ""
        self.token = self.call("POST", "/api/devices/token", {"assertion": self.assertion()}).json["access_token"]
        return self

    def push(self, ops: list[str] | None = None) -> dict[str, Any]:
        """Deliver ops (by default the outbox), and drop those whose receipt carries their hash."""
        sent = list(self.pending if ops is None else ops)
        unsent = len(self.pending) - sum(each in self.pending for each in sent)
        answer: dict[str, Any] = self.call("POST", "/api/push", {"ops": sent, "unsent": unsent}).json
        self.beacon = answer["beacon"]
        kept = {receipt["sha256"] for receipt in answer["receipts"]}
        self.pending = [jws for jws in self.pending if sha256(jws) not in kept]
        return answer

    def pull(self) -> list[dict[str, Any]]:
        """Follow the feed to its end. Returns the copies that came or changed, and takes over their heads."""
        came: dict[str, dict[str, Any]] = {}
        while True:
            answer = self.call("GET", f"/api/pull?cursor={self.cursor}").json
            if answer["reset"]:
                self.copies.clear()
            for change in answer["changes"]:
                came[change["report"]] = self._take(change)
            for report in answer["left"]:
                self.copies.pop(report, None)
            self.cursor, self.beacon = answer["cursor"], answer["beacon"]
            if not answer["more"]:
                return list(came.values())

    def _take(self, change: dict[str, Any]) -> dict[str, Any]:
        """Take a change of the feed over: a whole copy, or a patch of the one that is here."""
        report = change["report"]
        copy = change
        if "patch" in change:
            try:
                copy = patched(self.copies[report], change)
            except (KeyError, ValueError):
                copy = self.call("GET", f"/api/reports/{report}").json
        self.copies[report] = copy
        for entity, fields in copy["snapshot"]["fields"].items():
            for name, heads in fields.items():
                self.heads[report, entity, name] = [head["op"] for head in heads]
        return copy

    def begin_upload(self, report: str, photo: str, content: bytes, kind: str, **metadata: str) -> str:
        """Announce an upload (tus creation). Returns its address."""
        told = {
            "photo": photo,
            "report": report,
            "sha256": hashlib.sha256(content).hexdigest(),
            "type": kind,
            **metadata,
        }
        encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
        headers = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": encoded}
        return _path(self.send("POST", "/api/uploads", headers, None).headers["Location"])

    def patch(self, address: str, offset: int, part: bytes) -> Answer:
        """Send one part of an upload."""
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self.send("PATCH", address, headers, part)

    def upload(self, report: str, photo: str, content: bytes, kind: str, part: int = 1 << 20) -> str:
        """Upload a photo whole, part by part. Returns the hash that the server says it stored."""
        address = self.begin_upload(report, photo, content, kind)
        offset, answer = 0, None
        while offset < len(content):
            answer = self.patch(address, offset, content[offset : offset + part])
            offset = int(answer.headers["Upload-Offset"])
        if answer is None:
            answer = self.send("HEAD", address, TUS, None)
        return answer.headers["Holdfast-Sha256"]


def _path(address: str) -> str:
    return "/" + address.split("/", 3)[3] if "://" in address else address
