"""The walk of each device's own chain: its count and its links.

What is odd there is remarked on and is no failure: ops may still be on the phone, and a phone that was restored from
an old state counts anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.feed.models import OpClash, StoredOp
from server.feed.signing import payload

_PAGE = 500


@dataclass
class Remarks:
    """What is odd and yet may be so: the first of them in words, and how many there are."""

    most: int = 200
    said: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, said: str) -> None:
        self.count += 1
        if len(self.said) < self.most:
            self.said.append(said)


@dataclass
class _Chain:
    """A device's chain as far as it was walked: its last count, and the strings that carry it."""

    device: str
    n: int = 0
    hashes: frozenset[str] = frozenset()


def walk_chains(session: Session, remarks: Remarks, tick: Callable[[], None]) -> int:
    """Walk the ops of every device by their count; return how many devices wrote any."""
    columns = (StoredOp.device_id, StoredOp.n, StoredOp.id, StoredOp.sha256, StoredOp.jws)
    wanted = select(*columns).where(StoredOp.device_id.is_not(None))
    ordered = wanted.order_by(StoredOp.device_id, StoredOp.n, StoredOp.id).execution_options(yield_per=_PAGE)
    devices = 0
    for device, ops in groupby(_ticking(session.execute(ordered), tick), lambda row: row.device_id):
        chain = _Chain(device)
        devices += 1
        for n, alike in groupby(ops, lambda row: row.n):
            _follow(session, chain, n, list(alike), remarks)
    return devices


def _ticking(rows: Any, tick: Callable[[], None]) -> Iterator[Any]:
    for row in rows:
        tick()
        yield row


def _follow(session: Session, chain: _Chain, n: int, alike: list[Any], remarks: Remarks) -> None:
    whose = f"device {chain.device}"
    if len(alike) > 1:
        remarks.add(f"{whose}: {len(alike)} ops have the count {n}: {', '.join(row.id for row in alike[:4])}")
    links = {row.id: payload(row.jws).get("prev") for row in alike}
    missing = n - chain.n - 1
    if missing == 1 and all(_is_kept_otherwise(session, link) for link in links.values()):
        missing = 0  # one that could not be believed, or whose id was taken, carries the count between
    elif missing:
        counts = str(n - 1) if missing == 1 else f"{chain.n + 1} to {n - 1}"
        remarks.add(f"{whose}: no op with the count {counts} is stored")
    else:
        for op, link in links.items():
            if link not in chain.hashes and (n > 1 or link is not None):
                remarks.add(f"{whose}: the chain branches: op {op} (count {n}) follows no stored op with count {n - 1}")
    chain.n, chain.hashes = n, frozenset(row.sha256 for row in alike)


def _is_kept_otherwise(session: Session, link: str | None) -> bool:
    """Tell whether a link names a string that is stored without a count."""
    if link is None:
        return False
    unread = session.scalar(select(StoredOp.id).where(StoredOp.id == f"sha256:{link}"))
    return unread is not None or session.scalar(select(OpClash.sha256).where(OpClash.sha256 == link)) is not None
