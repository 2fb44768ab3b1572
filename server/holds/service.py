"""The rules of footage holds: made by an op, moved by what a custodian says, shown to who may see the report."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.bulk import among
from server.catalog.service import hold_policy
from server.db import UnitOfWork
from server.holds.custodians import Answer, HoldRequest, Standing
from server.holds.models import Hold, HoldEvent
from server.holds.schemas import board_row, status
from sync.holds import BadHold, Cause, HoldIntent, State, destroy_on, intent_of, move, widen
from sync.op import Op

SUBMIT, CHECK = "hold.submit", "hold.check"
# States in which the custodian still has to be told.
UNTOLD = frozenset({State.RECEIVED, State.SUBMITTED, State.FAILED})


def on_op_stored(uow: UnitOfWork, op: Op) -> str | None:
    """Make the hold that an op asks for, in the op's own transaction; return a reason code where it cannot be.

    A repeat of the same intent changes nothing (P5), a wider one widens the hold that is there (P6).
    """
    try:
        asked = intent_of(op, hold_policy(), uow.now)
        known = lock(uow, intent=asked.intent)
        if known is None:
            _make(uow, asked)
        else:
            _widen(uow, known, asked)
    except BadHold as bad:
        return bad.reason
    return None


def _make(uow: UnitOfWork, asked: HoldIntent) -> None:
    hold = Hold(
        id=str(uuid.uuid4()),
        intent=asked.intent,
        report_id=asked.report,
        op_id=asked.op,
        actor_id=asked.actor,
        device_id=asked.device,
        missing=list(asked.missing),
        revision=1,
        state=State.RECEIVED,
        since=uow.now,
        created_at=uow.now,
        destroy_on=destroy_on(asked.start, uow.now, hold_policy()),
        **_particulars(asked),
    )
    uow.session.add(hold)
    uow.session.flush()
    _note(uow, hold, "received", asked.actor)
    uow.enqueue(SUBMIT, hold.intent, {"hold": hold.id})


def _widen(uow: UnitOfWork, hold: Hold, asked: HoldIntent) -> None:
    known = _intent(hold)
    wider = widen(known, asked)
    if wider == known:
        return
    for name, value in _particulars(wider).items():
        setattr(hold, name, value)
    hold.destroy_on = min(hold.destroy_on, destroy_on(wider.start, uow.now, hold_policy()))
    hold.revision += 1
    if hold.state != State.RECEIVED:
        hold.state = move(State(hold.state), Cause.WIDENED)
        hold.since = uow.now
    hold.error = None
    _note(uow, hold, Cause.WIDENED, asked.actor)
    uow.enqueue(SUBMIT, f"{hold.intent}.{hold.revision}", {"hold": hold.id})


def _particulars(intent: HoldIntent) -> dict[str, Any]:
    names = ("kind", "wearer_star", "device_serial", "place", "start", "end", "basis", "why")
    return {name: getattr(intent, name) for name in names}


def _intent(hold: Hold) -> HoldIntent:
    return HoldIntent(
        intent=hold.intent,
        report=hold.report_id,
        op=hold.op_id,
        actor=hold.actor_id,
        device=hold.device_id,
        kind=hold.kind,
        wearer_star=hold.wearer_star,
        device_serial=hold.device_serial,
        place=hold.place,
        start=hold.start,
        end=hold.end,
        basis=hold.basis,
        why=hold.why,
        missing=tuple(hold.missing),
    )


def lock(uow: UnitOfWork, hold_id: str | None = None, *, intent: str | None = None) -> Hold | None:
    """Read a hold by its id or intent and keep others from moving it until the transaction ends."""
    wanted = Hold.id == hold_id if intent is None else Hold.intent == intent
    statement = select(Hold).where(wanted).with_for_update().execution_options(populate_existing=True)
    return uow.session.scalars(statement).one_or_none()


def request_of(hold: Hold) -> HoldRequest:
    """Return what to say to the custodian, as the hold stands now."""
    return HoldRequest(
        intent=hold.intent,
        revision=hold.revision,
        report=hold.report_id,
        kind=hold.kind,
        wearer_star=hold.wearer_star,
        device_serial=hold.device_serial,
        place=hold.place,
        start=hold.start,
        end=hold.end,
        basis=hold.basis,
        reason=hold.why,
        destroy_on=hold.destroy_on,
    )


def begin_sending(uow: UnitOfWork, hold: Hold, custodian: str) -> bool:
    """Note that sending begins, before it does; return whether the custodian must be asked first.

    Only a hold that was never sent as it is now needs no question: whoever finds it `submitted` may be following
    a worker that died between the request and its answer.
    """
    hold.custodian = custodian
    if hold.state != State.RECEIVED:
        return True
    _move(uow, hold, Cause.SENT)
    return False


def adopt_acceptance(uow: UnitOfWork, hold: Hold, answer: Answer) -> None:
    """Take over what the custodian said to the request, or to the question whether it has it."""
    hold.reference = answer.reference or hold.reference
    refused = answer.standing is Standing.REFUSED
    _move(uow, hold, Cause.REFUSED if refused else Cause.ACKNOWLEDGED, answer.words)
    if not refused:
        uow.enqueue(CHECK, f"{hold.intent}.{hold.revision}", {"hold": hold.id})


_READ_BACK: dict[Standing, Cause] = {
    Standing.MATCHED: Cause.MATCHED,
    Standing.AWAITING_UPLOAD: Cause.NOT_UPLOADED,
    Standing.HELD: Cause.READ_BACK,
    Standing.REFUSED: Cause.REFUSED,
}


def adopt_read_back(uow: UnitOfWork, hold: Hold, answer: Answer | None) -> None:
    """Take over what the custodian says it has. The only way to `held`, and only for the whole window."""
    if answer is None:
        _move(uow, hold, Cause.LOST, error="custodian_forgot")
    elif answer.standing is not Standing.REFUSED and not answer.covers(request_of(hold)):
        _move(uow, hold, Cause.LOST, answer.words, error="custodian_holds_less")
    else:
        cause = _READ_BACK.get(answer.standing)
        if cause and (State(hold.state), cause) not in _STANDSTILL:
            hold.reference = answer.reference or hold.reference
            _move(uow, hold, cause, answer.words)
        else:
            show_error(uow, hold, None)


# What a custodian may go on saying while nothing moves. A match that it takes back is still a match to us until it
# forgets the hold: how far its own search is matters to nobody before `held`.
_STANDSTILL = frozenset(
    {
        (State.MATCHED, Cause.MATCHED),
        (State.MATCHED, Cause.NOT_UPLOADED),
        (State.AWAITING_UPLOAD, Cause.NOT_UPLOADED),
    }
)


def send_failed(uow: UnitOfWork, hold: Hold, code: str) -> None:
    """Show that sending failed and goes on being tried."""
    if hold.state == State.SUBMITTED:
        _move(uow, hold, Cause.SEND_FAILED, error=code)
    else:
        show_error(uow, hold, code)


def show_error(uow: UnitOfWork, hold: Hold, code: str | None) -> None:
    """Show why a hold does not move, once: the same error again is no news for a phone."""
    if hold.error == code:
        return
    hold.error = code
    _note(uow, hold, "error" if code else "error_over")


def _move(uow: UnitOfWork, hold: Hold, cause: Cause, words: str | None = None, error: str | None = None) -> None:
    hold.state = move(State(hold.state), cause)
    hold.since = uow.now
    hold.error = error
    _note(uow, hold, cause, words=words)


def _note(uow: UnitOfWork, hold: Hold, cause: str, actor: str | None = None, words: str | None = None) -> None:
    """Write down one step of a hold: its event, its audit event (P13), and the feeds of its readers."""
    uow.session.add(
        HoldEvent(
            hold_id=hold.id,
            at=uow.now,
            cause=cause,
            state=hold.state,
            actor_id=actor,
            error=hold.error,
            words=words,
        )
    )
    uow.audit(f"hold.{cause}", "hold", hold.id, state=str(hold.state), report=hold.report_id, error=hold.error)
    uow.publish(hold.report_id)


def statuses(session: Session, report_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the holds of reports by report id, for their feed items; whose report it is was decided before."""
    holds = _of_reports(session, report_ids)
    words = _last_words(session, holds)
    found: dict[str, list[dict[str, Any]]] = {}
    for hold in holds:
        found.setdefault(hold.report_id, []).append(status(hold, words.get(hold.id)))
    return found


def board(session: Session, report_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return every hold of these reports, the one whose footage goes first on top."""
    holds = _of_reports(session, report_ids)
    words = _last_words(session, holds)
    urgent_first = sorted(holds, key=lambda hold: (hold.destroy_on, hold.id))
    return [board_row(hold, words.get(hold.id)) for hold in urgent_first]


def _last_words(session: Session, holds: Sequence[Hold]) -> dict[str, str]:
    """Return what the custodian said with the last step of each hold, where it said anything."""
    if not holds:
        return {}
    rows = session.execute(_LAST_WORDS, {"ids": [hold.id for hold in holds]})
    return {row.hold_id: row.words for row in rows}


def _of_reports(session: Session, report_ids: Sequence[str]) -> list[Hold]:
    return list(session.scalars(_OF_REPORTS, {"ids": list(report_ids)}))


_OF_REPORTS = select(Hold).where(among(Hold.report_id, "ids")).order_by(Hold.created_at, Hold.id)
_LAST_WORDS = select(HoldEvent.hold_id, HoldEvent.words).where(
    HoldEvent.id.in_(select(func.max(HoldEvent.id)).where(among(HoldEvent.hold_id, "ids")).group_by(HoldEvent.hold_id)),
    HoldEvent.words.is_not(None),
)
