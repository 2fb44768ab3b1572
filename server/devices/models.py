"""Tables of the devices: enrolled keys, and the assertions that were used already."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, UtcDateTime


class Device(Model):
    """A phone or browser that belongs to one user and signs ops with a key that it cannot give away.

    Rows are never deleted: the key checks the signatures of ops for as long as those are kept.
    """

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSON)
    thumbprint: Mapped[str] = mapped_column(String(64), unique=True)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SpentAssertion(Model):
    """An assertion that a token was given for, remembered for as long as its signature could be taken again."""

    __tablename__ = "spent_assertion"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
