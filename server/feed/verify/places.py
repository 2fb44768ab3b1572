"""Places: which byte of what is stored does not fit, told without a word of what people wrote.

Offsets count bytes from 0 within one stored value: of a string as it is, of a number in decimal digits, of a moment in
ISO 8601. Signed strings are ASCII, so a byte is a character there.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_IMPOSSIBLE = re.compile(r"[^A-Za-z0-9_.-]")
_SPACE = re.compile(r"[ \t\n\r]*")
_JSON = json.JSONDecoder()
_PRINTABLE = [bytes([each]) for each in range(0x20, 0x7F)]
# Trying every byte of a longer string takes more seconds than its answer is worth.
_LONGEST = 8192
_SHOWN = 80


@dataclass(eq=False)
class Misfit(Exception):
    """The first thing that does not fit. `offset` is None where a whole row is missing or too many."""

    table: str
    row: str
    column: str
    offset: int | None
    said: str

    def __str__(self) -> str:
        where = f"{self.table} {self.row}, {self.column}"
        return f"{where}: {self.said}" if self.offset is None else f"{where}, byte {self.offset}: {self.said}"


def expect(table: str, row: Any, column: str, found: Any, expected: Any, said: str) -> None:
    """Raise Misfit where a column holds something else than it should. For ids, counts, hashes, codes and moments."""
    if found != expected:
        offset = first_difference(_written(found), _written(expected))
        raise Misfit(table, str(row), column, offset, f"found {_shown(found)}, expected {_shown(expected)}: {said}")


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _shown(value: Any) -> str:
    return "nothing" if value is None else ascii(_written(value)[:_SHOWN])


def first_difference(found: Sequence[Any], expected: Sequence[Any]) -> int:
    """Return the first place where two strings differ; where one begins with the other, the shorter one's end."""
    for place, (one, other) in enumerate(zip(found, expected, strict=False)):
        if one != other:
            return place
    return min(len(found), len(expected))


def digest(text: str) -> str:
    """Return the SHA-256 of a stored string, also of one in which bytes are no text any more."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def changed_byte(text: str, sha256: str) -> int | None:
    """Return the one byte of a signed string whose change accounts for its hash: put right, it has `sha256`.

    None where more than one byte changed, or some were added or lost.
    """
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > _LONGEST or hashlib.sha256(raw).hexdigest() == sha256:
        return None
    before = hashlib.sha256()
    for place in range(len(raw)):
        after = raw[place + 1 :]
        for each in _PRINTABLE:
            trial = before.copy()
            trial.update(each + after)
            if trial.hexdigest() == sha256:
                return place
        before.update(raw[place : place + 1])
    return None


def unreadable_at(jws: str) -> int | None:
    """Return the first byte that a compact JWS with a JSON payload (RFC 7515 §7.1) cannot have there, or None."""
    impossible = _IMPOSSIBLE.search(jws)
    if impossible:
        return impossible.start()
    parts = jws.split(".")
    begins = 0
    for part in parts[:2]:
        wrong = _wrong_byte(part)
        if wrong is not None:
            return begins + wrong
        begins += len(part) + 1
    if len(parts) > 3:
        return sum(map(len, parts[:3])) + 2
    return None if len(parts) == 3 else len(jws)


def _wrong_byte(part: str) -> int | None:
    """Return where the base64url of a JSON text goes wrong."""
    if len(part) % 4 == 1:
        return len(part) - 1
    raw = _decoded(part)
    try:
        json.loads(raw.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError as bad:
        return _coded(bad.start)
    except json.JSONDecodeError as bad:
        return _coded(_bytes_before(bad.doc, bad.pos))
    except RecursionError:
        return 0
    return None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _coded(byte: int) -> int:
    """Return which character of a base64url text carries the first bits of a byte."""
    return byte * 4 // 3


def _bytes_before(text: str, place: int) -> int:
    return len(text[:place].encode("utf-8", "surrogatepass"))


def header(jws: str) -> Any:
    """Return the header of a compact JWS. Raises ValueError where it holds none."""
    return json.loads(_decoded(jws.partition(".")[0]))


def signature_at(jws: str) -> int:
    return jws.rfind(".") + 1


def member_at(jws: str, path: Sequence[str | int], expected: Any) -> int:
    """Return the first byte of a JWS by which a member of its payload differs from what is expected there.

    Where the payload has no such member: where its payload begins. Raises ValueError where it has no payload.
    """
    head, body, _signature = jws.split(".")
    text = _decoded(body).decode("utf-8", "surrogatepass")
    try:
        start, end = _span(text, path)
    except LookupError:
        return len(head) + 1
    put_right = text[:start] + json.dumps(expected, separators=(",", ":")) + text[end:]
    wanted = base64.urlsafe_b64encode(put_right.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    return len(head) + 1 + first_difference(body, wanted)


def path_at(text: str, offset: int) -> str:
    """Return which value of a JSON text an offset lies in, as names with slashes; empty where in none."""
    path: list[str] = []
    start = _skip(text, 0)
    while found := next(((name, at) for name, at, end in _members(text, start) if at <= offset < end), None):
        path.append(str(found[0]))
        start = found[1]
    return "/".join(path)


def _span(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Return where the value at a path of a JSON text begins and ends. Raises LookupError where there is none."""
    start, end = _skip(text, 0), len(text)
    for step in path:
        # Of members with one name, the last one counts for every reader.
        start, end = [(at, end) for name, at, end in _members(text, start) if name == step][-1]
    return start, end


def _members(text: str, start: int) -> Iterator[tuple[str | int, int, int]]:
    """Give each member of the object or list that begins at `start`: name or number, and where its value lies."""
    if text[start] not in "{[":
        return
    place, number = _skip(text, start + 1), 0
    while text[place] not in "]}":
        name: str | int = number
        if text[start] == "{":
            name, colon = _JSON.raw_decode(text, place)
            place = _skip(text, _skip(text, colon) + 1)
        end = _JSON.raw_decode(text, place)[1]
        yield name, place, end
        place, number = _skip(text, end), number + 1
        if text[place] == ",":
            place = _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place
