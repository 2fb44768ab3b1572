"""What the simulation itself remembers: what people saved, what the server acknowledged, what catastrophes took.

It knows nothing of merging: only which op wrote what, having seen what.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sync.op import ENTITY
from tests.simulation import words
from tests.simulation.client import Client
from tests.simulation.disk import Disk, Row

Place = tuple[str, str]


class Broken(AssertionError):
    """A promise that does not hold; `promise` is its name in the design."""

    def __init__(self, promise: str, what: str):
        super().__init__(f"{promise}: {what}")
        self.promise = promise


def holds(promise: str, fine: object, what: str) -> None:
    """Raise Broken unless something is as promised."""
    if not fine:
        caller = sys._getframe(1)
        kind = _kind(promise, f"{caller.f_code.co_name}_{caller.f_lineno}")
        raise kind(promise, what)


@cache
def _kind(promise: str, place: str) -> type[Broken]:
    """Return a class of its own for each check: else Hypothesis would shrink one failure into another."""
    return type(f"Broken_{promise}_{place}", (Broken,), {})


@dataclass(frozen=True)
class Saved:
    """One string that a person's phone put on its disk. `poison` says why it may never stand, None for a good op."""

    sha256: str
    jws: str
    id: str | None
    report: str | None
    kind: str | None
    actor: str
    device: str
    n: int
    form_version: int
    edits: dict[Place, tuple[tuple[str, ...], Any]]
    poison: str | None

    @property
    def unsendable(self) -> bool:
        """Tell whether this server can never be given it: also where somebody chose the overlong text in a conflict."""
        too_long = any(value == words.overlarge() for _, value in self.edits.values())
        return too_long or self.poison in ("not_ascii", "overlarge")

    @property
    def bases(self) -> set[str]:
        return {base for bases, _ in self.edits.values() for base in bases}

    def makes(self) -> set[str]:
        return {entity for (entity, name), (_, value) in self.edits.items() if name == ENTITY and value}

    def writes_to(self) -> set[str]:
        return {entity for entity, _ in self.edits} - {"report", "review"}


@dataclass
class Ledger:
    """The model. Everything is by the hash of the string, because two strings may claim one id."""

    saved: dict[str, Saved] = field(default_factory=dict)
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What a restored server no longer has and some phone can give back; and what nobody has any more.
    forgotten: set[str] = field(default_factory=set)
    destroyed: set[str] = field(default_factory=set)
    # Everything that ever explained why a good op is kept aside.
    approved: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    faulted: bool = False
    # How many ops restores made the server forget.
    restored: int = 0

    def note(self, client: Client, row: Row, poison: str | None) -> None:
        """Write down that a string is on a phone's disk."""
        payload = row.payload or {}
        form = payload.get("form", {})
        self.saved[row.sha256] = Saved(
            row.sha256,
            row.jws,
            row.id,
            row.report,
            row.kind,
            client.user,
            payload.get("device", client.device),
            payload.get("n", 0),
            form.get("version", 0),
            {
                (edit["entity"], edit["field"]): (tuple(edit["base"]), edit["value"])
                for edit in payload.get("edits", ())
            },
            poison,
        )

    def note_receipt(self, row: Row, receipt: dict[str, Any]) -> None:
        self.acknowledged[row.sha256] = receipt

    def server_restored(self, before: set[str], after: set[str], disks: Iterable[Disk]) -> None:
        """Work out what a restore made the server forget, and what of it no phone can give back."""
        lost = before - after
        self.restored += len(lost)
        on_phones = {sha for disk in disks for sha in disk.rows}
        self.forgotten = (self.forgotten | lost) - after
        self.destroyed |= lost - on_phones

    def phone_lost(self, before: Disk, after: Disk, on_server: set[str]) -> None:
        """Work out what a phone lost that nobody else has."""
        self.destroyed |= set(before.rows) - set(after.rows) - on_server
