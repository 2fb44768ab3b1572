"""HTTP/1.1 over one connection that is kept open, with every byte counted as it goes over the wire."""

import gzip
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from backports import zstd

from bench.server import ACCEPTED

_END = b"\r\n\r\n"
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.decompress, "zstd": zstd.decompress}


@dataclass(frozen=True)
class Head:
    """The first line and the headers of an answer; header names are in small letters."""

    status: int
    headers: Mapping[str, str]

    @property
    def length(self) -> int:
        return 0 if self.status in (204, 304) else int(self.headers["content-length"])

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"

    def decoded(self, body: bytes) -> bytes:
        """Undo the compression that the server chose."""
        return _DECODERS[self.headers.get("content-encoding", "")](body)


@dataclass(frozen=True)
class Answer:
    """An answer whose body is decompressed; the sizes are those of the wire, of heads and bodies apart."""

    head: Head
    body: bytes
    sent: tuple[int, int]
    came: tuple[int, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request_of(
    base: str, method: str, target: str, token: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a request as it goes over the wire; the body, if any, is JSON."""
    content = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}
    given = {
        "Host": urlsplit(base).netloc,
        "Connection": "keep-alive",
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Accept-Encoding": ACCEPTED,
        **content,
        **(headers or {}),
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + _END + body


def parse_head(raw: bytes) -> Head:
    """Read the head of an answer, given up to and with the empty line."""
    first, *lines = raw.removesuffix(_END).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return Head(int(first.split()[1]), {name.strip().lower(): value.strip() for name, value in pairs})


class Line:
    """A connection on which requests are made one after the other; opened anew where the server hung up while idle."""

    def __init__(self, base: str):
        where = urlsplit(base)
        self._where = (str(where.hostname), where.port)
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its answer."""
        raw, rest = self._until_head(request)
        head = parse_head(raw)
        parts, missing = [rest], head.length - len(rest)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        sent = request.index(_END) + len(_END)
        body = b"".join(parts)
        return Answer(head, head.decoded(body), (sent, len(request) - sent), (len(raw), len(body)))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _until_head(self, request: bytes) -> tuple[bytes, bytes]:
        """Send until there is the head of an answer; return it, and what of the body came with it."""
        idle = self._socket is not None
        try:
            self._open().sendall(request)
            came = self._receive()
        except ConnectionError:
            # Servers close what was idle for seconds, also at the very moment when a request is on its way.
            self.close()
            if not idle:
                raise
            return self._until_head(request)
        while _END not in came:
            came += self._receive()
        raw, _, rest = came.partition(_END)
        return raw + _END, rest

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._where, timeout=120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _receive(self) -> bytes:
        part = self._open().recv(1 << 20)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part
