"""Builders of ops for tests of the pure rules."""

import itertools
import uuid
from typing import Any

from sync.op import Edit, Op

_numbers = itertools.count(1)
REPORT_ID = "00000000-0000-7000-8000-00000000aaaa"
AUTHOR = "00000000-0000-7000-8000-00000000bbbb"
OTHER = "00000000-0000-7000-8000-00000000bbcc"
DEVICE = "00000000-0000-7000-8000-00000000cccc"
# The server's statement that every op of these tests was made after.
SINCE = "2026-11-23T21:00:00+00:00"


def op_id() -> str:
    return str(uuid.UUID(int=next(_numbers)))


def op(kind: str, *edits: Edit, actor: str = AUTHOR, device: str = DEVICE, reason: str | None = None) -> Op:
    return Op(
        id=op_id(),
        device=device,
        n=1,
        prev=None,
        actor=actor,
        report=REPORT_ID,
        kind=kind,
        edits=edits,
        form_id="incident",
        form_version=1,
        wall="2026-11-23T21:14:00Z",
        utc_offset=-360,
        beacon=None,
        reason=reason,
    )


def edit(field: str, value: Any, *base: Op, entity: str = "report") -> Edit:
    return Edit(entity, field, tuple(each.id for each in base), value)


def received(of: Op) -> str:
    """Return when the server got an op: another time for each, and the same whatever the order of arrival."""
    return f"received {of.id}"
