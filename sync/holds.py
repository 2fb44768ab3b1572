"""Footage holds: what a `hold` op asks for, the clock that runs from the recording, and how a hold may move.

The clock (50 ILCS 706/10-20) starts at the recording, so a deadline is a moment in UTC counted from there: neither
the time of sync nor a time zone, a holiday or a daylight-saving change moves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from sync.op import ENTITY, REPORT, REVIEW, Op


class State(StrEnum):
    """Where a hold stands. `submitted` means that sending began; only `held` means that the footage is kept."""

    RECEIVED = "received"
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    MATCHED = "matched"
    AWAITING_UPLOAD = "awaiting_upload"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"


class Cause(StrEnum):
    """Why a hold moves. READ_BACK is the custodian's own answer to a question asked after it accepted."""

    SENT = "sent"
    SEND_FAILED = "send_failed"
    ACKNOWLEDGED = "acknowledged"
    MATCHED = "matched"
    NOT_UPLOADED = "not_uploaded"
    READ_BACK = "read_back"
    REFUSED = "refused"
    LOST = "lost"
    WIDENED = "widened"


_WITH_CUSTODIAN = (State.ACKNOWLEDGED, State.MATCHED, State.AWAITING_UPLOAD)

# The whole of what may happen; a pair that is not here cannot.
TRANSITIONS: Mapping[tuple[State, Cause], State] = {
    (State.RECEIVED, Cause.SENT): State.SUBMITTED,
    (State.SUBMITTED, Cause.SEND_FAILED): State.FAILED,
    # Every try after a failure asks the custodian first, so a failed hold moves only by the custodian's answer.
    **{(state, Cause.ACKNOWLEDGED): State.ACKNOWLEDGED for state in (State.SUBMITTED, State.FAILED)},
    **{(state, Cause.REFUSED): State.REFUSED for state in (State.SUBMITTED, State.FAILED)},
    **{(state, Cause.MATCHED): State.MATCHED for state in _WITH_CUSTODIAN if state is not State.MATCHED},
    (State.ACKNOWLEDGED, Cause.NOT_UPLOADED): State.AWAITING_UPLOAD,
    **{(state, Cause.READ_BACK): State.HELD for state in _WITH_CUSTODIAN},
    **{(state, Cause.REFUSED): State.REFUSED for state in _WITH_CUSTODIAN},
    **{(state, Cause.LOST): State.FAILED for state in _WITH_CUSTODIAN},
    **{(state, Cause.WIDENED): State.RECEIVED for state in State if state is not State.RECEIVED},
}


class IllegalMove(Exception):
    """A move that the table does not have."""

    def __init__(self, state: State, cause: Cause):
        super().__init__(f"{cause} does not lead out of {state}")
        self.state = state
        self.cause = cause


def move(state: State, cause: Cause) -> State:
    """Return the state that follows. Raises IllegalMove."""
    try:
        return TRANSITIONS[state, cause]
    except KeyError:
        raise IllegalMove(state, cause) from None


class BadHold(Exception):
    """A hold that cannot be told apart or belongs elsewhere; `reason` is a stable code, the op itself is kept."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """What a department sets: days until destruction, and the padding of a window that the officer left open."""

    days: int = 90
    pad_before: timedelta = timedelta(minutes=2)
    pad_after: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class HoldIntent:
    """What a person asked to be kept. `intent` is the footage entity's id: one camera, one window, one hold.

    `missing` names what was not given and had to be taken from the time of the request instead.
    """

    intent: str
    report: str
    op: str
    actor: str
    device: str
    kind: str | None
    wearer_star: str | None
    device_serial: str | None
    place: str | None
    start: datetime
    end: datetime
    basis: str | None
    why: str | None
    missing: tuple[str, ...] = ()


_IDENTITY = ("kind", "wearer_star", "device_serial")
# The longest text that is passed on. The form allows less; but a hold goes out before its values are judged, and one
# text that is too long must neither stop it nor fill a database column.
_LIMITS = {"kind": 64, "wearer_star": 64, "device_serial": 128, "place": 1000, "basis": 64, "why": 4000}


def intent_of(op: Op, policy: HoldPolicy, received: datetime) -> HoldIntent:
    """Read the intent out of a `hold` op. An incomplete one still stands: asking early beats asking fully.

    `received` bounds a device clock that runs ahead. Raises BadHold when it is not about one footage entity.
    """
    entities = {edit.entity for edit in op.edits}
    if len(entities) != 1 or entities & {REPORT, REVIEW}:
        raise BadHold("hold_needs_one_footage")
    given = {edit.field: edit.value for edit in op.edits if edit.field != ENTITY and edit.value not in (None, "")}
    asked = min(_moment(op.wall, op.utc_offset) or received, received)
    found = {name: _moment(given.get(name), op.utc_offset) for name in ("from", "to")}
    start, end = _window(found["from"], found["to"], asked, policy)
    return HoldIntent(
        intent=entities.pop(),
        report=op.report,
        op=op.id,
        actor=op.actor,
        device=op.device,
        **{name: _text(given.get(name), limit) for name, limit in _LIMITS.items()},
        start=start,
        end=end,
        missing=tuple(name for name, value in found.items() if value is None),
    )


def _window(
    start: datetime | None, end: datetime | None, asked: datetime, policy: HoldPolicy
) -> tuple[datetime, datetime]:
    """Fill an open window around the time of asking. A reversed one is turned: both ends were meant to be kept."""
    begin = start or min(asked, end or asked) - policy.pad_before
    finish = end or max(asked, begin) + policy.pad_after
    return min(begin, finish), max(begin, finish)


def _text(value: object, limit: int) -> str | None:
    """Return a value as text that any database takes; None for what is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return storable(str(value)).strip()[:limit] or None


def storable(text: str) -> str:
    """Return a text without what a database refuses: zero bytes, and the halves of characters that were cut apart."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _moment(value: object, utc_offset: int) -> datetime | None:
    """Read an ISO 8601 time; one without an offset is in the device's own. None when it is no time."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=timezone(timedelta(minutes=utc_offset)))
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def widen(known: HoldIntent, asked: HoldIntent) -> HoldIntent:
    """Return what is to be kept once `asked` came for the same footage: never less than before.

    The window grows to hold both, what was unknown is filled in, what was known stays; a window that `asked` had to
    guess widens nothing. Equal to `known` when nothing is new. Raises BadHold when `asked` names another camera,
    whose footage this hold would not keep.
    """
    for name in _IDENTITY:
        before, now = getattr(known, name), getattr(asked, name)
        if before is not None and now is not None and before != now:
            raise BadHold("hold_names_other_camera")
    if known.report != asked.report:
        raise BadHold("hold_of_other_report")
    start = known.start if "from" in asked.missing else min(known.start, asked.start)
    end = known.end if "to" in asked.missing else max(known.end, asked.end)
    filled = {name: getattr(known, name) or getattr(asked, name) for name in _LIMITS}
    return replace(known, start=start, end=end, **filled)


def destroy_on(start: datetime, received: datetime, policy: HoldPolicy) -> datetime:
    """Return when the footage must be destroyed unless it is held: so many days of 24 h after the recording began.

    A start after the receipt cannot be true, so it does not buy time.
    """
    return min(start, received).astimezone(UTC) + timedelta(days=policy.days)
