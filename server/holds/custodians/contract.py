"""The contract between Holdfast and any custodian of footage."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """What the custodian says of a hold. ACCEPTED promises nothing yet; HELD says that the footage is kept."""

    ACCEPTED = "accepted"
    MATCHED = "matched"
    AWAITING_UPLOAD = "awaiting_upload"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What a custodian is asked to keep. Times are aware and in UTC; `keep_until` None means until released."""

    intent: str
    revision: int
    report: str
    kind: str | None
    wearer_star: str | None
    device_serial: str | None
    place: str | None
    start: datetime
    end: datetime
    basis: str | None
    reason: str | None
    destroy_on: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a custodian said: its standing, its reference, the window and revision that it speaks of, its own words.

    `revision` is None where a custodian has no such notion; its window then says enough.
    """

    standing: Standing
    reference: str
    start: datetime
    end: datetime
    revision: int | None = None
    words: str | None = None

    def covers(self, request: HoldRequest) -> bool:
        """Tell whether the custodian speaks of at least what this request asks for."""
        told = self.revision is None or self.revision >= request.revision
        return told and self.start <= request.start and request.end <= self.end


class CustodianError(Exception):
    """A conversation with a custodian that brought no answer. `code` is stable and safe to show and to log."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Undelivered(CustodianError):
    """The custodian certainly did not take the request: it was never reached, or it said so."""


class OutcomeUnknown(CustodianError):
    """The custodian may have taken the request. Ask with `find` before sending it again."""


class Custodian(Protocol):
    """One custodian.

    Both methods block for at most half of the outbox's lease, and raise only CustodianError. `submit` may be called
    again with the same request, at any time and from several workers: one hold comes of it. A later revision of the
    same intent widens that hold.
    """

    @property
    def name(self) -> str:
        """Return the name that desk and phone show."""
        ...

    def submit(self, request: HoldRequest) -> Answer:
        """Ask for a hold. Raises Undelivered or OutcomeUnknown."""
        ...

    def find(self, intent: str) -> Answer | None:
        """Read back what the custodian has under an intent; None when it knows nothing of it. Changes nothing."""
        ...
