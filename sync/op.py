"""The op: a statement by one actor on one enrolled device, and how its payload is read.

The signature around it (compact JWS, ES256) is checked by the server; here are only the rules of the payload.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("edit", "hold", "submit", "return", "approve", "supplement", "resolve", "admit", "dismiss")
REPORT = "report"
REVIEW = "review"
ENTITY = "@entity"
# Of the review: what became of an op that is kept aside, `late/<op id>`, or its hash where it has no id of its own.
LATE = "late/"
MAX_EDITS = 500
# Lists and objects inside one another. Comparing or writing what is nested much deeper would fail, and with it the
# next op on the field, whose author did nothing wrong.
MAX_DEPTH = 32

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_FIELD = re.compile(r"@entity\Z|[a-z][a-z0-9_]{0,63}(/[A-Za-z0-9_.-]{1,64})?\Z")
_WALL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z\Z")


class BadOp(Exception):
    """A payload that is no op. `reason` is a stable code, `where` the path of the first thing that is wrong."""

    def __init__(self, reason: str, where: str):
        super().__init__(f"{reason} at {where}")
        self.reason = reason
        self.where = where


@dataclass(frozen=True, slots=True)
class Edit:
    """One field's new value, and the versions of the field that its author had seen (`base`)."""

    entity: str
    field: str
    base: tuple[str, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Op:
    """The payload of an op, checked. `wall` and `utc_offset` are what the device claims; they decide nothing.

    `begins` tells whether its author began the report with it; None where an older app did not say.
    """

    id: str
    device: str
    n: int
    prev: str | None
    actor: str
    report: str
    kind: str
    edits: tuple[Edit, ...]
    form_id: str
    form_version: int
    wall: str
    utc_offset: int
    beacon: str | None
    reason: str | None
    begins: bool | None = None


def parse(payload: Any) -> Op:
    """Read an op from its decoded payload. Raises BadOp; unknown members are ignored, the stored string keeps them."""
    if not isinstance(payload, Mapping):
        raise BadOp("malformed", "payload")
    if payload.get("v") != 1:
        raise BadOp("newer_op_format", "v")
    form, time = payload.get("form"), payload.get("time")
    if not isinstance(form, Mapping) or not isinstance(time, Mapping):
        raise BadOp("malformed", "form" if not isinstance(form, Mapping) else "time")
    kind = payload.get("kind")
    if kind not in KINDS:
        raise BadOp("unknown_kind", "kind")
    reason = payload.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise BadOp("malformed", "reason")
    begins = payload.get("begins")
    if begins is not None and not isinstance(begins, bool):
        raise BadOp("malformed", "begins")
    return Op(
        id=_uuid(payload.get("op"), "op"),
        device=_uuid(payload.get("device"), "device"),
        n=_integer(payload.get("n"), "n", 1),
        prev=_hash(payload.get("prev"), "prev"),
        actor=_uuid(payload.get("actor"), "actor"),
        report=_uuid(payload.get("report"), "report"),
        kind=kind,
        edits=_edits(payload.get("edits")),
        form_id=_text(form.get("id"), "form.id"),
        form_version=_integer(form.get("version"), "form.version", 1),
        wall=_wall(time.get("wall")),
        utc_offset=_integer(time.get("utc_offset"), "time.utc_offset", -1440),
        beacon=_hash(time.get("beacon"), "time.beacon"),
        reason=reason,
        begins=begins,
    )


def late(op: Op) -> str | None:
    """Return which op that is kept aside an op settles: its id, or the SHA-256 of its string; None for other ops."""
    marks = [edit.field for edit in op.edits if edit.entity == REVIEW and edit.field.startswith(LATE)]
    return marks[0].removeprefix(LATE) if len(marks) == 1 else None


def corrected(op: Op) -> str | None:
    """Return whose words an op takes in as they were written: the id or hash as in `late`; None for other ops."""
    taken = any(edit.value == "correction" for edit in op.edits if edit.entity == REVIEW)
    return late(op) if op.kind == "admit" and taken else None


def _edits(found: Any) -> tuple[Edit, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_EDITS:
        raise BadOp("malformed", "edits")
    edits = tuple(_edit(each, f"edits[{place}]") for place, each in enumerate(found))
    if len({(edit.entity, edit.field) for edit in edits}) != len(edits):
        raise BadOp("field_twice", "edits")
    return edits


def _edit(found: Any, where: str) -> Edit:
    if not isinstance(found, Mapping) or "value" not in found:
        raise BadOp("malformed", where)
    entity, field, base = found.get("entity"), found.get("field"), found.get("base")
    if entity not in (REPORT, REVIEW):
        _uuid(entity, f"{where}.entity")
    if not isinstance(field, str) or not _FIELD.match(field):
        raise BadOp("malformed", f"{where}.field")
    if not isinstance(base, list):
        raise BadOp("malformed", f"{where}.base")
    seen = tuple(_uuid(each, f"{where}.base") for each in base)
    if not _is_shallow(found["value"]):
        raise BadOp("malformed", f"{where}.value")
    return Edit(str(entity), field, seen, found["value"])


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return True
    return False


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _uuid(found: Any, where: str) -> str:
    if not isinstance(found, str) or not _UUID.match(found):
        raise BadOp("malformed", where)
    return found


def _hash(found: Any, where: str) -> str | None:
    if found is None:
        return None
    if not isinstance(found, str) or not _SHA256.match(found):
        raise BadOp("malformed", where)
    return found


def _integer(found: Any, where: str, least: int) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found < 2**53:
        raise BadOp("malformed", where)
    return found


def _text(found: Any, where: str) -> str:
    if not isinstance(found, str) or not 0 < len(found) <= 64:
        raise BadOp("malformed", where)
    return found


def _wall(found: Any) -> str:
    if not isinstance(found, str) or not _WALL.match(found):
        raise BadOp("malformed", "time.wall")
    return found
