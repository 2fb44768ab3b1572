"""Custodians for tests: the real stand-in as a process, and a line to it that fails in the ways lines do."""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from demo.processes import Child, free_port, http_ready

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class StandIn:
    """The stand-in custodian of the demo, as a process with a store of its own. It survives a restart."""

    def __init__(self, folder: Path, delay: float = 0.0):
        self._folder, self._delay = folder, delay
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._child = self._start()

    def _start(self) -> Child:
        command = [
            sys.executable, "-m", "demo.custodian", "--port", str(self.port), "--secret", SECRET,
            "--db", str(self._folder / "custodian.db"), "--delay", str(self._delay),
        ]  # fmt: skip
        child = Child("custodian", command, self._folder / "custodian.log", cwd=Path(__file__).parents[2])
        child.wait_until(http_ready(f"{self.url}/healthz"))
        return child

    def start(self) -> None:
        if not self._child.alive:
            self._child = self._start()

    def stop(self) -> None:
        self._child.stop()

    def holds(self) -> list[dict[str, Any]]:
        """Return what the custodian really has; the tests compare everything with this."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/holds", timeout=10).json()["holds"]
        return found


def scripted(status: int, body: bytes) -> Callable[["Line", str, str, bytes, dict[str, str]], tuple[int, bytes]]:
    """Return a fault that answers so without asking the custodian."""
    return lambda *_: (status, body)


def error_before(line: "Line", method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """The custodian fails before it stores."""
    return 500, b"{}"


def error_after(line: "Line", method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """The custodian stores, then fails to say so."""
    line.forward(method, path, body, headers)
    return 502, b"{}"


def late(line: "Line", method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """The custodian stores, and answers when nobody waits any more."""
    answer = line.forward(method, path, body, headers)
    time.sleep(line.patience)
    return answer


def cut(line: "Line", method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """The custodian stores, and the line breaks before its answer."""
    line.forward(method, path, body, headers)
    raise ConnectionResetError


Fault = Callable[["Line", str, str, bytes, dict[str, str]], tuple[int, bytes]]


@dataclass
class Line:
    """An HTTP line to a custodian. `faults` befall the next requests, one each, as (method, fault)."""

    target: str
    patience: float = 1.5
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> "Line":
        line = self

        class Relay(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def relay(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = line.take(self.command, self.path)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
                try:
                    status, found = (fault or Line.forward)(line, self.command, self.path, body, headers)
                except ConnectionResetError:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

            do_GET = do_POST = relay

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the test's output for its failures."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.seen.append(method)
            for place, (wanted, _) in enumerate(self.faults):
                if wanted == method:
                    return self.faults.pop(place)[1]
        return None

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            found = httpx.request(method, self.target + path, content=body, headers=headers, timeout=10)
        except httpx.ConnectError:
            return 502, b""
        return found.status_code, found.content


_OWN = {"host", "content-length", "connection", "accept-encoding"}


def standing(intent: str, state: str, request: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """Write an answer as a custodian would."""
    given = {
        "intent": intent,
        "state": state,
        "reference": "E-1",
        "window": {"from": "2026-01-01T00:00:00+00:00", "to": "2027-01-01T00:00:00+00:00"},
        **(request or {}),
        **changes,
    }
    return json.dumps(given).encode()
