"""Custodians: who keeps footage, and the contract that every way of reaching one keeps.

An adapter is a folder of its own here. It knows how to say things to one kind of custodian; it does not know the
database, the outbox or the states of a hold. All of them pass `tests/contract/holds`.
"""

from collections.abc import Callable, Mapping

from server.config import Settings
from server.holds.custodians import webhook
from server.holds.custodians.contract import (
    Answer,
    Custodian,
    CustodianError,
    HoldRequest,
    OutcomeUnknown,
    Standing,
    Undelivered,
)

__all__ = [
    "Answer",
    "Custodian",
    "CustodianError",
    "HoldRequest",
    "OutcomeUnknown",
    "Standing",
    "Undelivered",
    "custodian_for",
]

_ADAPTERS: Mapping[str, Callable[[Settings], Custodian | None]] = {"webhook": webhook.from_settings}


def custodian_for(kind: str | None, routes: Mapping[str, str], settings: Settings) -> Custodian | None:
    """Return who keeps footage of this kind of camera, or None when nobody is configured for it.

    `routes` is policy data: kind of camera → adapter; `*` stands for a camera whose kind was not said.
    """
    name = routes.get(kind or "*")
    make = _ADAPTERS.get(name) if name else None
    return make(settings) if make else None
