"""Tables of footage holds."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import JSON, BigInt, Model, UtcDateTime


class Hold(Model):
    """One hold. `intent` (the footage entity's id) is unique: however often it is asked for, it is one hold.

    `revision` counts what the custodian must be told: 1 at first, one more with each widening.
    """

    __tablename__ = "hold"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    intent: Mapped[str] = mapped_column(String(36), unique=True)
    report_id: Mapped[str] = mapped_column(String(36), index=True)
    op_id: Mapped[str] = mapped_column(String(36))
    actor_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str | None] = mapped_column(String(64))
    wearer_star: Mapped[str | None] = mapped_column(String(64))
    device_serial: Mapped[str | None] = mapped_column(String(128))
    place: Mapped[str | None] = mapped_column(Text)
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    basis: Mapped[str | None] = mapped_column(String(64))
    why: Mapped[str | None] = mapped_column(Text)
    missing: Mapped[list[str]] = mapped_column(JSON)
    revision: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(24), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    destroy_on: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    custodian: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[str | None] = mapped_column(String(128))
    error: Mapped[str | None] = mapped_column(String(64))


class HoldEvent(Model):
    """One step of a hold, never changed afterwards. `words` are the custodian's own, `actor_id` None the system."""

    __tablename__ = "hold_event"
    __table_args__ = (Index("ix_hold_event_hold_id_id", "hold_id", "id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=True)
    hold_id: Mapped[str] = mapped_column(ForeignKey("hold.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(24))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    error: Mapped[str | None] = mapped_column(String(64))
    words: Mapped[str | None] = mapped_column(String(500))
