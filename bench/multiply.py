"""A database with a million ops, in minutes: what one device left in it, over again for a thousand others.

Each copy has ids of its own, and everything that rests on them is made anew: every op is signed by its own device's
key, every hash is that of its string, the receipts are chained and signed by the server's key. So the server can tell
no difference (`bench.filling.check` looks for one).
"""

import base64
import json
import multiprocessing
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from demo.device import sha256
from demo.phone import Phone

# Rows of these follow from what a device delivers. The audit log grows by its own door.
_TABLES = (
    "op", "report", "report_scope", "report_change", "receipt_log", "device_contact", "hold", "hold_event", "outbox",
)  # fmt: skip
# Numbers that go on from copy to copy; all others (a device's own count of its ops) are each device's own.
_COUNTED = {
    ("op", "seq"),
    ("report", "seq"),
    ("report_scope", "seq"),
    ("report_scope", "entered"),
    ("report_change", "seq"),
    ("report_change", "since"),
    ("receipt_log", "n"),
    ("hold_event", "id"),
    ("outbox", "id"),
}
_IDS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b")
_HASH_LENGTH = 64
# Of the number that a UUID is: the bits that say which kind it is.
_KIND = 0xF << 76 | 0x3 << 62
_ES256 = ec.ECDSA(hashes.SHA256())
Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Twin:
    """A device to be given what the pattern's device has; `place` counts from 1."""

    place: int
    user: str
    device: str
    key: bytes


@dataclass
class Pattern:
    """The rows that one device's deliveries left, and by how much each copy is ahead of the one before."""

    user: str
    device: str
    rows: Rows
    steps: dict[tuple[str, str], int] = field(default_factory=dict)


def marks(path: Path) -> dict[str, int]:
    """Return up to where each table is filled; `pattern` takes what comes after."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: _top(connection, table, "rowid") for table in _TABLES}


def pattern(path: Path, phone: Phone, since: Mapping[str, int]) -> Pattern:
    """Read what a phone's deliveries left since some marks were taken; nobody else delivered meanwhile."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} WHERE rowid > ?", (since[table],))]
            for table in _TABLES
        }
    rows["op"].sort(key=lambda row: int(row["n"]))
    rows["receipt_log"].sort(key=lambda row: int(row["n"]))
    seqs = max(row["seq"] for row in rows["op"]) - min(row["seq"] for row in rows["op"]) + 1
    steps = {place: seqs if place[1] in ("seq", "since", "entered") else len(rows[place[0]]) for place in _COUNTED}
    return Pattern(phone.person.id, phone.device, rows, steps)


def twins(phones: Sequence[Phone]) -> list[Twin]:
    return [Twin(place, each.person.id, each.device, _pem(each.key)) for place, each in enumerate(phones, start=1)]


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def copies(known: Pattern, devices: Sequence[Twin]) -> Iterator[Rows]:
    """Make the rows of every copy, in several processes; statements of the receipt log come unsigned, as JSON."""
    with multiprocessing.get_context("spawn").Pool(initializer=_begin, initargs=(known,)) as pool:
        yield from pool.imap(_copy, devices)


_given: list[Pattern] = []


def _begin(known: Pattern) -> None:
    _given[:] = [known]


def _copy(twin: Twin) -> Rows:
    known = _given[0]
    renaming = _Renaming(twin, known)
    ops = [renaming.op(row) for row in known.rows["op"]]
    others = {table: [renaming.row(table, row) for row in rows] for table, rows in known.rows.items() if table != "op"}
    return {"op": ops, **others}


class _Renaming:
    """New names for everything that one device made; hashes are known once what they name has been made anew."""

    def __init__(self, twin: Twin, known: Pattern):
        self._twin, self._steps = twin, known.steps
        self._chance = Random(twin.place)
        self._names = {known.user: twin.user, known.device: twin.device}
        key = serialization.load_pem_private_key(twin.key, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def op(self, row: Row) -> Row:
        """Sign an op anew; ops come in their device's order, so that `prev` is known."""
        header, payload, _ = row["jws"].split(".")
        signed = f"{_encode(self._text(_decode(header)))}.{_encode(self._text(_decode(payload)))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), _ES256))
        jws = f"{signed}.{_encode((r.to_bytes(32, 'big') + s.to_bytes(32, 'big')).decode('latin-1'), 'latin-1')}"
        self._names[row["sha256"]] = sha256(jws)
        return {**self.row("op", {**row, "jws": None}), "jws": jws}

    def row(self, table: str, row: Row) -> Row:
        found = {name: self._value(table, name, value) for name, value in row.items()}
        if table == "receipt_log":
            statement = json.loads(self._text(_decode(row["jws"].split(".")[1])))
            for receipt in statement["receipts"]:
                receipt["seq"] += self._twin.place * self._steps["op", "seq"]
            found["jws"] = json.dumps({**statement, "n": found["n"]})
        return found

    def _value(self, table: str, name: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._text(value.decode("ascii")).encode("ascii")
        step = self._steps.get((table, name))
        return value if step is None or value is None else value + self._twin.place * step

    def _text(self, text: str) -> str:
        return _IDS.sub(lambda found: self._name(found[0]), text)

    def _name(self, old: str) -> str:
        known = self._names.get(old)
        if known is not None:
            return known
        # A hash that is not of this device's making is a statement's from before, which stands.
        self._names[old] = old if len(old) == _HASH_LENGTH else self._fresh(old)
        return self._names[old]

    def _fresh(self, old: str) -> str:
        """Make another id of the same kind; one with a time in it is seconds later, as another phone's would be."""
        number = int(old.replace("-", ""), 16)
        later = (number >> 80) + 1000 * self._twin.place if old[14] == "7" else self._chance.getrandbits(48)
        text = f"{later << 80 | number & _KIND | self._chance.getrandbits(80) & ~_KIND:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _decode(part: str) -> str:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def _encode(text: str, coding: str = "utf-8") -> str:
    return base64.urlsafe_b64encode(text.encode(coding)).decode().rstrip("=")


def _top(connection: sqlite3.Connection, table: str, column: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0])
