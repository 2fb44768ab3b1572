"""What a phone has on its disk (pwa/src/storage)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

ONLY_HERE = ("pending", "stuck")


@dataclass
class Row:
    """An op on the phone. `state` is pending, stuck, acked or refused; a string that is no op has no payload."""

    jws: str
    sha256: str
    payload: dict[str, Any] | None
    state: str = "pending"
    seq: int | None = None
    reason: str | None = None
    settled_at: datetime | None = None
    # What the server said last, also of one that waits to be given back.
    verdict: str | None = None

    @property
    def is_given_back(self) -> bool:
        """Tell whether the server had applied it once, and may have forgotten it."""
        return self.state in ONLY_HERE and self.verdict not in (None, "quarantined")

    @property
    def id(self) -> str | None:
        return self.payload["op"] if self.payload else None

    @property
    def report(self) -> str | None:
        return self.payload["report"] if self.payload else None

    @property
    def kind(self) -> str | None:
        return self.payload["kind"] if self.payload else None


@dataclass
class Disk:
    """What a phone keeps; also what a backup of the phone brings back. Rows are by hash, in the order of saving."""

    rows: dict[str, Row] = field(default_factory=dict)
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    # The ETag of the page that the cursor's next request was answered with, beside the cursor it belongs to.
    etag: tuple[str, str] | None = None
    beacon: str | None = None
    doubtful: set[str] = field(default_factory=set)
    # Reports whose copy could not be had when the feed told of them.
    missing: set[str] = field(default_factory=set)
    n: int = 0
    prev: str | None = None

    def copy(self) -> "Disk":
        rows = {sha: replace(row) for sha, row in self.rows.items()}
        return replace(
            self, rows=rows, copies=dict(self.copies), doubtful=set(self.doubtful), missing=set(self.missing)
        )
