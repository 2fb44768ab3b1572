"""The two jobs of a hold: tell the custodian, then ask until the footage is held.

Both may run again at any point: before each request stands a committed note that it may leave, after each unknown
outcome a question, and every result is stored in the transaction that settles the job under its fence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from server import outbox
from server.config import settings
from server.db import UnitOfWork, unit_of_work
from server.holds import policy, service
from server.holds.custodians import Custodian, CustodianError, HoldRequest, custodian_for
from server.holds.models import Hold
from server.outbox.backoff import full_jitter
from sync.holds import State

NO_CUSTODIAN = "no_custodian"
# The first question comes soon, because most custodians answer at once; footage that is still in a car can wait.
CHECK_BASE_SECONDS, CHECK_CAP_SECONDS = 1.0, 600.0


@outbox.handles(service.SUBMIT)
def submit(job: outbox.Job) -> None:
    """Deliver a hold to its custodian; done once the custodian acknowledged or refused it."""
    _pursue(job)


@outbox.handles(service.CHECK)
def check(job: outbox.Job) -> None:
    """Ask the custodian how far it is; done once the hold is held or refused. Delivers again what it forgot."""
    _pursue(job)


@dataclass(frozen=True, slots=True)
class Errand:
    """What one run is about: the hold as it was when the run began, and whom to talk to."""

    job: outbox.Job
    request: HoldRequest
    state: str
    custodian: Custodian
    ask_first: bool


def _pursue(job: outbox.Job) -> None:
    errand = _prepare(job)
    if errand is None:
        return
    if errand.state in service.UNTOLD:
        _deliver(errand)
    else:
        _read_back(errand)


def _prepare(job: outbox.Job) -> Errand | None:
    """Settle a job that has nothing to do; else note that it is about to be done, and with whom."""
    with unit_of_work(None) as uow:
        hold = service.lock(uow, job.payload["hold"])
        if hold is None or _is_done(job, hold):
            outbox.finish(uow, job)
            return None
        custodian = custodian_for(hold.kind, policy.ROUTES, settings())
        if custodian is None:
            service.show_error(uow, hold, NO_CUSTODIAN)
            outbox.put_off(uow, job, uow.now + full_jitter(job.attempts), NO_CUSTODIAN)
            return None
        ask_first = hold.state in service.UNTOLD and service.begin_sending(uow, hold, custodian.name)
        outbox.confirm(uow, job)
        return Errand(job, service.request_of(hold), hold.state, custodian, ask_first)


def _deliver(errand: Errand) -> None:
    request, custodian = errand.request, errand.custodian
    try:
        known = custodian.find(request.intent) if errand.ask_first else None
        answer = known if known and known.covers(request) else custodian.submit(request)
    except CustodianError as failed:
        code = failed.code
        _settle(errand, lambda uow, hold: service.send_failed(uow, hold, code), code)
        return
    _settle(errand, lambda uow, hold: service.adopt_acceptance(uow, hold, answer), None)


def _read_back(errand: Errand) -> None:
    try:
        answer = errand.custodian.find(errand.request.intent)
    except CustodianError as failed:
        code = failed.code
        _settle(errand, lambda uow, hold: service.show_error(uow, hold, code), code)
        return
    _settle(errand, lambda uow, hold: service.adopt_read_back(uow, hold, answer), None)


def _settle(errand: Errand, adopt: Callable[[UnitOfWork, Hold], None], error: str | None) -> None:
    """Store a result and settle the job in one transaction; what is out of date by now is dropped and done anew."""
    job = errand.job
    with unit_of_work(None) as uow:
        hold = service.lock(uow, job.payload["hold"])
        if hold is None or (hold.revision, hold.state) != (errand.request.revision, errand.state):
            outbox.put_off(uow, job, uow.now, error)
            return
        adopt(uow, hold)
        if _is_done(job, hold):
            outbox.finish(uow, job)
        else:
            outbox.put_off(uow, job, uow.now + _wait(job, error), error)


def _is_done(job: outbox.Job, hold: Hold) -> bool:
    if hold.state in (State.HELD, State.REFUSED):
        return True
    return job.topic == service.SUBMIT and hold.state not in service.UNTOLD


def _wait(job: outbox.Job, error: str | None) -> timedelta:
    if error is None and job.topic == service.CHECK:
        return full_jitter(job.attempts, CHECK_BASE_SECONDS, CHECK_CAP_SECONDS)
    return full_jitter(job.attempts)
