"""Reading single reports, for those in whose scope they are; to everyone else they do not exist (404)."""

from sqlalchemy.orm import Session

from server.db import UnitOfWork
from server.feed import service as feed
from server.feed.service import HistoryEntry
from server.problems import NotFound
from server.security import Actor


def may_read(session: Session, actor: Actor, report: str) -> bool:
    """Tell whether a report is in an actor's scope now."""
    return feed.may_read(session, actor, report)


def exists(session: Session, report: str) -> bool:
    """Tell whether the server knows a report at all; for deciding on uploads that come before its ops."""
    return feed.exists(session, report)


def copy(uow: UnitOfWork, actor: Actor, report: str) -> tuple[bytes, set[str], set[str]]:
    """Return a report's copy as JSON bytes with the users and devices it names. Audited. Raises NotFound.

    Apps ask for it where a patch does not follow on the copy that they have, so it is no sign that a person looked.
    """
    _check(uow.session, actor, report)
    uow.audit("report.copy", "report", report)
    return feed.copy(uow.session, report)


def open_history(uow: UnitOfWork, actor: Actor, report: str) -> list[HistoryEntry]:
    """Return every op of a report, oldest first. Audited. Raises NotFound."""
    _check(uow.session, actor, report)
    uow.audit("report.history", "report", report)
    return feed.history(uow.session, report)


def _check(session: Session, actor: Actor, report: str) -> None:
    if not feed.may_read(session, actor, report):
        raise NotFound("This report does not exist, or it is not yours to read.")
