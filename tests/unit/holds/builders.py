"""Ops and intents for the tests of holds, with everything that a test does not care about filled in."""

from datetime import UTC, datetime
from typing import Any

from sync.holds import HoldIntent
from sync.op import Edit, Op

FOOTAGE = "019aa000-0000-7000-8000-00000000f00d"
REPORT = "019aa000-0000-7000-8000-000000000001"
START = datetime(2026, 2, 3, 21, 5, tzinfo=UTC)
END = datetime(2026, 2, 3, 21, 40, tzinfo=UTC)


def hold_op(fields: dict[str, Any], **changes: Any) -> Op:
    entity = changes.pop("entity", FOOTAGE)
    edits = [Edit(entity, "@entity", (), {"list": "footage", "parent": None})]
    edits += [Edit(entity, name, (), value) for name, value in fields.items()]
    given: dict[str, Any] = {
        "id": "019aa000-0000-7000-8000-0000000000aa",
        "device": "019aa000-0000-7000-8000-0000000000dd",
        "n": 1,
        "prev": None,
        "actor": "019aa000-0000-7000-8000-0000000000ac",
        "report": REPORT,
        "kind": "hold",
        "edits": tuple(edits),
        "form_id": "incident",
        "form_version": 1,
        "wall": "2026-02-03T21:41:00Z",
        "utc_offset": -360,
        "beacon": None,
        "reason": None,
    }
    return Op(**{**given, **changes})


def intent(**changes: Any) -> HoldIntent:
    given: dict[str, Any] = {
        "intent": FOOTAGE,
        "report": REPORT,
        "op": "019aa000-0000-7000-8000-0000000000aa",
        "actor": "019aa000-0000-7000-8000-0000000000ac",
        "device": "019aa000-0000-7000-8000-0000000000dd",
        "kind": "bwc",
        "wearer_star": "12345",
        "device_serial": None,
        "place": None,
        "start": START,
        "end": END,
        "basis": "officer_request",
        "why": None,
    }
    return HoldIntent(**{**given, **changes})
