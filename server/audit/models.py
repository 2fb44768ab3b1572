"""Tables of the audit log: the chain of events, and its head."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BigInt, Model, UtcDateTime


class AuditEvent(Model):
    """One change: who, what, to what, when. `sha256` covers every other column and, by `prev`, all events before."""

    __tablename__ = "audit_event"

    n: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(36), index=True)
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class AuditHead(Model):
    """The last event, in a row of its own: the lock under which the chain grows, and what shows a cut-off end."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BigInt)
    sha256: Mapped[str | None] = mapped_column(String(64))
