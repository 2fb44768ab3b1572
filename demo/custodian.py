"""A stand-in custodian of footage: a process of its own that really stores holds, for demos and tests.

It shares no code with Holdfast, only the documented contract: requests are signed after Standard Webhooks and carry an
idempotency key; a hold is accepted at once, and held a short while later. Everything is in its own SQLite file.
"""

import argparse
import base64
import hashlib
import hmac
import html
import json
import os
import signal
import sqlite3
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_SECONDS = 300
MAX_BODY = 64 * 1024

SCHEMA = """
CREATE TABLE IF NOT EXISTS hold (
    intent TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, request TEXT NOT NULL,
    accepted_at REAL NOT NULL, deliveries INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS answered (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL);
"""


class Refused(Exception):
    """A request that is not taken: an HTTP status and a word why."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status
        self.words = words


class Shelf:
    """What the custodian has. One hold an intent, however often and in whatever order it is asked for."""

    def __init__(self, path: str, delay: float):
        self._path = path
        self._delay = delay
        self._lock = threading.Lock()
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30)
        connection.row_factory = sqlite3.Row
        return connection

    def accept(self, key: str, body: bytes) -> tuple[bool, dict[str, Any]]:
        """Store a hold or widen the one there is; return whether it is new, and how it stands."""
        asked, digest = read_request(body), hashlib.sha256(body).hexdigest()
        intent = asked["intent"]
        with self._lock, self._open() as connection:
            before = connection.execute("SELECT digest FROM answered WHERE key = ?", (key,)).fetchone()
            if before and before["digest"] != digest:
                raise Refused(409, "This idempotency key was used for another request.")
            known = connection.execute("SELECT * FROM hold WHERE intent = ?", (intent,)).fetchone()
            if known is None:
                connection.execute(
                    "INSERT INTO hold (intent, reference, revision, request, accepted_at) VALUES (?, ?, ?, ?, ?)",
                    (intent, _reference(intent), asked["revision"], body.decode(), time.time()),
                )
            else:
                connection.execute("UPDATE hold SET deliveries = deliveries + 1 WHERE intent = ?", (intent,))
                if before is None and asked["revision"] > known["revision"]:
                    connection.execute(
                        "UPDATE hold SET revision = ?, request = ?, accepted_at = ? WHERE intent = ?",
                        (asked["revision"], body.decode(), time.time(), intent),
                    )
            connection.execute("INSERT OR IGNORE INTO answered (key, digest) VALUES (?, ?)", (key, digest))
            row = connection.execute("SELECT * FROM hold WHERE intent = ?", (intent,)).fetchone()
        return known is None, self._standing(row)

    def find(self, intent: str) -> dict[str, Any] | None:
        with self._open() as connection:
            row = connection.execute("SELECT * FROM hold WHERE intent = ?", (intent,)).fetchone()
        return self._standing(row) if row else None

    def everything(self) -> list[dict[str, Any]]:
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM hold ORDER BY accepted_at DESC").fetchall()
        return [
            {**self._standing(row), "deliveries": row["deliveries"], "request": json.loads(row["request"])}
            for row in rows
        ]

    def _standing(self, row: sqlite3.Row) -> dict[str, Any]:
        request = json.loads(row["request"])
        state, words = "accepted", "Taken; the search for the recording has begun."
        if time.time() - row["accepted_at"] >= self._delay:
            state, words = _found(str(request.get("camera", {}).get("device_serial") or ""))
        return {
            "intent": row["intent"],
            "state": state,
            "reference": row["reference"],
            "revision": row["revision"],
            "window": request["window"],
            "words": words,
        }


def _found(serial: str) -> tuple[str, str]:
    """Return what the search finds: the ending of the camera's serial number lets a demonstration show each outcome."""
    if serial.endswith("-UNDOCKED"):
        return "awaiting_upload", "The camera has not been docked since; we look again."
    if serial.endswith("-UNKNOWN"):
        return "refused", "No camera with this serial number is ours."
    return "held", "Kept: exempt from deletion."


def _reference(intent: str) -> str:
    return "E-" + hashlib.sha256(intent.encode()).hexdigest()[:10].upper()


def read_request(body: bytes) -> dict[str, Any]:
    """Check what a hold must name to be acted on. Raises Refused."""
    try:
        asked: dict[str, Any] = json.loads(body)
        start, end = (datetime.fromisoformat(asked["window"][name]) for name in ("from", "to"))
        if not isinstance(asked["intent"], str) or not isinstance(asked["revision"], int) or start > end:
            raise ValueError("intent, revision or window")
    except (ValueError, KeyError, TypeError) as wrong:
        raise Refused(400, "A hold needs an intent, a revision and a window.") from wrong
    return asked


def check_signature(secret: str, headers: Any, body: bytes, now: float) -> str:
    """Verify a Standard Webhooks signature; return the message id. Raises Refused."""
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise Refused(401, "The time of the signature is missing or too far from now.")
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    wanted = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    given = headers.get("webhook-signature", "").split()
    expected = "v1," + base64.b64encode(wanted).decode()
    if not any(hmac.compare_digest(each, expected) for each in given):
        raise Refused(401, "The signature does not fit.")
    return str(message)


def page(shelf: Shelf) -> str:
    """List what is held, for a person who watches the demo."""
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{html.escape(str(cell if cell is not None else '—'))}</td>"
            for cell in (
                each["state"],
                each["reference"],
                each["request"].get("camera", {}).get("kind"),
                each["request"].get("camera", {}).get("wearer_star"),
                each["window"]["from"],
                each["window"]["to"],
                each["request"].get("legal_basis"),
                each["deliveries"],
            )
        )
        + "</tr>"
        for each in shelf.everything()
    )
    heads = ("State", "Reference", "Camera", "Star", "From", "To", "Legal basis", "Deliveries")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        "<title>Stand-in custodian</title><style>body{font:16px system-ui;margin:2rem}td,th{padding:.3rem .8rem;"
        "text-align:left;border-bottom:1px solid #ccc}</style>"
        "<h1>Stand-in custodian of footage</h1><p>For demonstration: it keeps holds, but no footage.</p>"
        f"<table><thead><tr>{''.join(f'<th>{each}</th>' for each in heads)}</tr></thead>"
        f"<tbody>{rows}</tbody></table></html>"
    )


class Handler(BaseHTTPRequestHandler):
    """HTTP around the shelf. Only what Holdfast uses is signed; the pages for people are open, and read only."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    shelf: Shelf
    secret: str

    def do_POST(self) -> None:
        self._guarded(self._take)

    def do_GET(self) -> None:
        self._guarded(self._show)

    def _guarded(self, act: Any) -> None:
        try:
            act()
        except Refused as refused:
            self._send(refused.status, {"words": refused.words})

    def _take(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            raise Refused(413, "The request has no length, or too much of it.")
        body = self.rfile.read(int(length))
        if self.path != "/holds":
            raise Refused(404, "There is nothing here.")
        check_signature(self.secret, self.headers, body, time.time())
        key = self.headers.get("Idempotency-Key")
        if not key:
            raise Refused(400, "The Idempotency-Key is missing.")
        new, standing = self.shelf.accept(key, body)
        self._send(201 if new else 200, standing)

    def _show(self) -> None:
        if self.path == "/":
            self._send(200, page(self.shelf))
        elif self.path == "/healthz":
            self._send(200, {"ok": True})
        elif self.path == "/holds":
            self._send(200, {"holds": self.shelf.everything()})
        else:
            intent = self.path.removeprefix("/holds/")
            if check_signature(self.secret, self.headers, b"", time.time()) != intent:
                raise Refused(401, "The signature was made for another question.")
            found = self.shelf.find(intent)
            if found is None:
                raise Refused(404, "No such hold.")
            self._send(200, found)

    def _send(self, status: int, found: dict[str, Any] | str) -> None:
        body = (found if isinstance(found, str) else json.dumps(found)).encode()
        kind = "text/html; charset=utf-8" if isinstance(found, str) else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing a request: the page shows what arrived."""


def main() -> None:
    """Serve until SIGTERM or SIGINT; the first line printed is the address."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--db", type=Path, default=Path("var/custodian.db"))
    parser.add_argument("--delay", type=float, default=2.0, help="seconds from accepted to held")
    parser.add_argument("--secret", default=os.environ.get("HOLDFAST_CUSTODIAN_SECRET"))
    given = parser.parse_args()
    if not given.secret:
        parser.error("give --secret, or set HOLDFAST_CUSTODIAN_SECRET")
    given.db.parent.mkdir(parents=True, exist_ok=True)
    Handler.shelf = Shelf(str(given.db), given.delay)
    Handler.secret = given.secret
    try:
        server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    except OSError as taken:
        parser.error(f"port {given.port} cannot be used ({taken.strerror}); choose another with --port")
    for each in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that this very thread runs, so another thread has to ask for it.
        signal.signal(each, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"custodian on http://127.0.0.1:{server.server_port} since {datetime.now(UTC):%H:%M:%S} UTC", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
