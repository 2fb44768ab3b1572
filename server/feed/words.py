"""Whose words a correction takes in: the heads that it makes name their author, beside the desk that let them in."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Table, literal_column, select
from sqlalchemy.orm import Session

from server.bulk import among
from server.feed import store
from server.feed.models import OpClash, StoredOp
from server.feed.signing import read
from sync.merge import Origin, origin
from sync.op import Op, corrected


def taken_in(session: Session, ops: Iterable[Op]) -> dict[str, Origin]:
    """Return by op whose words it takes in, of the ops that are corrections. Costs nothing where there are none."""
    named = {op.id: name for op in ops if (name := corrected(op))}
    if not named:
        return {}
    wanted = {"names": sorted(set(named.values()))}
    rows = [row for each in (_KEPT, _CLASHES) for row in session.execute(each, wanted)]
    kept = {row.name: (op, row.received_at.isoformat()) for row in rows if (op := read(row.jws).op)}
    moments = store.moments(session, (op.beacon for op, _ in kept.values()))
    origins = {name: told(op, received, moments) for name, (op, received) in kept.items()}
    return {op: origins[name] for op, name in named.items() if name in origins}


def told(op: Op, received: str, moments: Mapping[str, str]) -> Origin:
    return origin(op, received, moments.get(op.beacon or ""))


def _select(model: Any, name: str, *more: Any) -> Any:
    columns = cast("Table", model.__table__).c
    wanted = select(columns[name].label("name"), columns.jws, columns.received_at)
    return wanted.where(among(columns[name], "names"), *more)


_KEPT = _select(StoredOp, "id", StoredOp.verdict == literal_column("'quarantined'"))
_CLASHES = _select(OpClash, "sha256")
