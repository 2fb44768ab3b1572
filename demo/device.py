"""The signing half of a phone: its key, its count of ops, and what it knows of each field's heads."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

JWS_TYPE = "holdfast-op+jws"


class Person(Protocol):
    """An account as the phone needs it."""

    @property
    def id(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...


def uuid7(moment: datetime) -> str:
    """Make a UUIDv7 (RFC 9562 §5.7): sorted by time, unique by chance."""
    number = int(moment.timestamp() * 1000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sha256(jws: str) -> str:
    """Return the hash by which a receipt names an op."""
    return hashlib.sha256(jws.encode("ascii")).hexdigest()


def wall(moment: datetime) -> str:
    """Write a moment as ops carry it: UTC with a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Edit = dict[str, Any]


@dataclass(kw_only=True)
class Device:
    """One enrolled device of one person.

    `clock` is what the device believes the time to be. Ops wait in `pending` for a receipt with their hash.
    """

    person: Person
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    device: str = ""
    n: int = 0
    prev: str | None = None
    beacon: str | None = None
    pending: list[str] = field(default_factory=list)
    copies: dict[str, Any] = field(default_factory=dict)
    heads: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def public_jwk(self) -> dict[str, str]:
        """Return the public half of the device key (RFC 7517)."""
        found = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return {name: found[name] for name in ("kty", "crv", "x", "y")}

    def payload(self, report: str, kind: str, edits: list[Edit], **changes: Any) -> dict[str, Any]:
        """Build the next op of this device, without counting it yet."""
        now = self.clock()
        return {
            "v": 1,
            "op": uuid7(now),
            "device": self.device,
            "n": self.n + 1,
            "prev": self.prev,
            "actor": self.person.id,
            "report": report,
            "kind": kind,
            "edits": edits,
            "form": {"id": "incident", "version": 1},
            "begins": not any(known == report for known, _, _ in self.heads),
            "time": {"wall": wall(now), "utc_offset": -360, "beacon": self.beacon},
            **changes,
        }

    def sign(self, payload: Mapping[str, Any]) -> str:
        """Sign a payload as a compact JWS with the device key."""
        return jwt.encode(dict(payload), self.key, "ES256", {"kid": self.device, "typ": JWS_TYPE})

    def op(self, report: str, kind: str, edits: list[Edit], **changes: Any) -> str:
        """Sign the next op and put it into the outbox. Returns the op's id."""
        payload = self.payload(report, kind, edits, **changes)
        jws = self.sign(payload)
        self.n, self.prev = payload["n"], sha256(jws)
        self.pending.append(jws)
        for edit in edits:
            self.heads[report, edit["entity"], edit["field"]] = [payload["op"]]
        return str(payload["op"])

    def change(self, report: str, entity: str, name: str, value: Any) -> Edit:
        """Build an edit whose base is every head that this phone sees."""
        return {
            "entity": entity,
            "field": name,
            "base": list(self.heads.get((report, entity, name), [])),
            "value": value,
        }

    def new_id(self) -> str:
        """Make an id for a report or an entity."""
        return uuid7(self.clock())

    def edit(self, report: str, values: Mapping[str, Any], entity: str = "report", kind: str = "edit") -> str:
        """Save values of one entity as one op."""
        return self.op(report, kind, [self.change(report, entity, name, value) for name, value in values.items()])

    def add(
        self,
        report: str,
        entity_list: str,
        values: Mapping[str, Any],
        *,
        parent: str | None = None,
        kind: str = "edit",
        entity: str | None = None,
    ) -> str:
        """Add an entity to a list with its values in one op. Returns the entity's id."""
        entity = entity or self.new_id()
        edits = [self.change(report, entity, "@entity", {"list": entity_list, "parent": parent})]
        edits += [self.change(report, entity, name, value) for name, value in values.items()]
        self.op(report, kind, edits)
        return entity

    def remove(self, report: str, entity: str) -> str:
        """Remove an entity, having seen all of it."""
        seen = [op for (of, which, _), ops in self.heads.items() if (of, which) == (report, entity) for op in ops]
        removal = {"entity": entity, "field": "@entity", "base": sorted(seen), "value": None}
        return self.op(report, "edit", [removal])

    def hold(self, report: str, values: Mapping[str, Any]) -> str:
        """Ask for a footage hold. Returns the footage entity's id, which is the intent's id."""
        return self.add(report, "footage", values, kind="hold")

    def submit(self, report: str) -> str:
        """Hand the report in."""
        return self.op(report, "submit", [self.change(report, "review", "state", "submitted")])

    def return_to_officer(self, report: str, reasons: list[dict[str, str]], note: str | None = None) -> str:
        """Send a submitted report back with a reason per field."""
        edits = [
            self.change(report, "review", "state", "returned"),
            self.change(report, "review", "reasons", reasons),
        ]
        if note is not None:
            edits.append(self.change(report, "review", "note", note))
        return self.op(report, "return", edits)

    def approve(self, report: str) -> str:
        """Approve what this phone has pulled, and say how much of it was seen."""
        edits = [
            self.change(report, "review", "state", "approved"),
            self.change(report, "review", "seen", self.copies[report]["snapshot"]["ops"]),
        ]
        return self.op(report, "approve", edits)

    def supplement(self, report: str, text: str) -> str:
        """Add to an approved report. Returns the supplement's entity."""
        return self.add(report, "supplements", {"text": text}, kind="supplement")

    def resolve(self, report: str, name: str, value: Any, reason: str, entity: str = "report") -> str:
        """Settle a conflict, having seen every head of the field."""
        return self.op(report, "resolve", [self.change(report, entity, name, value)], reason=reason)

    def dismiss(self, report: str, kept: str, reason: str) -> str:
        """Say that an op that is kept aside needs nothing more."""
        return self.op(report, "dismiss", [self._late(report, kept, "dismissed")], reason=reason)

    def admit(self, report: str, kept: Mapping[str, Any], reason: str) -> str:
        """Take the words of an op that is kept aside in as they were written."""
        edits = [*kept["edits"], self._late(report, kept["op"], "correction")]
        return self.op(report, "admit", edits, reason=reason)

    def admit_as_supplement(self, report: str, kept: str, text: str, reason: str) -> str:
        """Add what an op that is kept aside says to an approved report, in words of one's own."""
        entity = self.new_id()
        edits = [
            self.change(report, entity, "@entity", {"list": "supplements", "parent": None}),
            self.change(report, entity, "text", text),
            self._late(report, kept, "supplement"),
        ]
        return self.op(report, "admit", edits, reason=reason)

    def _late(self, report: str, kept: str, what: str) -> Edit:
        return self.change(report, "review", f"late/{kept}", what)

    def add_photo(self, report: str, content: bytes, kind: str, *, parent: str | None = None, **values: Any) -> str:
        """Sign the capture record of a photo: its hash before anything else. Returns the photo's id."""
        digest = hashlib.sha256(content).hexdigest()
        told = {"sha256": digest, "type": kind, "size": len(content), **values}
        return self.add(report, "photos", told, parent=parent)
