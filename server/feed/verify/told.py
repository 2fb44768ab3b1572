"""What the receipt log tells of each op, kept beside the database while it is walked.

A log of years does not fit in memory, and the walk must not write to the database that it looks at. So this goes into
a private file of SQLite, which vanishes with the walk. It holds ids, hashes and codes, nothing that a person wrote.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.feed.store import UNJUDGED
from sync.verdicts import MENDABLE, Verdict

REUSED = "op_id_reused"
_SCHEMA = """
CREATE TABLE told (
  op TEXT, sha256 TEXT, entry INTEGER, place INTEGER, turn INTEGER, received TEXT, known INTEGER,
  last_entry INTEGER, last_place INTEGER, last_turn INTEGER, seq INTEGER, verdict TEXT, reason TEXT,
  previous TEXT, met INTEGER, PRIMARY KEY (op, sha256)
) WITHOUT ROWID;
CREATE INDEX told_sha256 ON told (sha256);
"""
_TELL = """
INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0) ON CONFLICT DO UPDATE SET
  known = coalesce(known, excluded.known), last_entry = excluded.last_entry, last_place = excluded.last_place,
  last_turn = excluded.last_turn, seq = excluded.seq, verdict = excluded.verdict, reason = excluded.reason,
  previous = reason
"""


@dataclass(frozen=True, slots=True)
class Told:
    """The first receipt of a string (`entry` of the log, `place` in it), and the last word on it.

    A `turn` is the first of the entries that one transaction wrote; `known` is the turn since which the op counts as
    judged, None while it waits. `previous` is the reason that was given before the last word.
    """

    op: str
    sha256: str
    entry: int
    place: int
    turn: int
    received: str
    known: int | None
    last_entry: int
    last_place: int
    last_turn: int
    seq: int
    verdict: str
    reason: str | None
    previous: str | None = None

    def is_repeated(self, receipt: Mapping[str, Any]) -> bool:
        return (self.seq, self.verdict, self.reason) == (receipt["seq"], receipt["verdict"], receipt["reason"])

    def is_final(self) -> bool:
        """Tell whether nothing else may be said later: only what waits or may be mended is judged again."""
        return self.verdict != Verdict.QUARANTINED or self.reason not in (*UNJUDGED, REUSED, *MENDABLE)


class ToldOps:
    """The last word of the log on every op."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA} BEGIN;")

    def close(self) -> None:
        self._file.close()

    def before(self, receipt: Mapping[str, Any]) -> Told | None:
        """Return what was told so far of the string that a receipt is about."""
        return self._one("op = ? AND sha256 = ?", _key(receipt), receipt["sha256"])

    def tell(self, entry: int, place: int, turn: int, at: str, receipt: Mapping[str, Any]) -> None:
        """Take a receipt in as the last word on its string."""
        known = None if receipt["reason"] in UNJUDGED else turn
        word = (receipt["seq"], receipt["verdict"], receipt["reason"])
        first = (_key(receipt), receipt["sha256"], entry, place, turn, at, known, entry, place, turn, *word)
        self._file.execute(_TELL, first)

    def of(self, op: str, sha256: str, *, clash: bool = False) -> Told | None:
        """Return what was told of a string as the op of this id, or as a clash with it."""
        return self._one(f"op = ? AND sha256 = ? AND {_is(clash)}", op, sha256)

    def hash_of(self, op: str, *, clash: bool = False) -> str | None:
        """Return which string was acknowledged under an id."""
        found = self._one(f"op = ? AND {_is(clash)}", op)
        return found.sha256 if found else None

    def id_of(self, sha256: str, *, clash: bool = False) -> str | None:
        """Return under which id a string was acknowledged."""
        found = self._one(f"sha256 = ? AND {_is(clash)}", sha256)
        return found.op if found else None

    def meet(self, told: Told) -> None:
        """Note that what was told of is stored."""
        self._file.execute("UPDATE told SET met = 1 WHERE op = ? AND sha256 = ?", (told.op, told.sha256))

    def first_unmet(self) -> Told | None:
        """Return the first op in the log that is not stored."""
        return self._one("met = 0 ORDER BY entry, place")

    def _one(self, where: str, *given: str) -> Told | None:
        asked = [each.encode("utf-8", "replace").decode() for each in given]
        found = self._file.execute(f"SELECT * FROM told WHERE {where} LIMIT 1", asked)  # noqa: S608 - ours
        row = found.fetchone()
        return Told(*row[:-1]) if row else None


def _is(clash: bool) -> str:
    return f"reason {'IS' if clash else 'IS NOT'} '{REUSED}'"


def _key(receipt: Mapping[str, Any]) -> str:
    return receipt["op"] or f"sha256:{receipt['sha256']}"
