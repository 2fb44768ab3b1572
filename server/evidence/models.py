"""Tables of the evidence. The bytes themselves are in the blob store."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BigInt, Model, UtcDateTime


class Photo(Model):
    """That the bytes of a photo were stored, rehashed and found equal. `lost_at`: later they could not be read back.

    The uploader is part of the key, so that whoever guesses the ids of a report that has not arrived yet takes
    nobody's place; whether a photo belongs is decided when it is read.
    """

    __tablename__ = "photo"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(36))
    photo_id: Mapped[str] = mapped_column(String(36))
    uploader_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str | None] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInt)
    type: Mapped[str] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("report_id", "photo_id", "uploader_id"),)


class Upload(Model):
    """One announced transfer. How far it came is the length of its part file, which a crash cannot set wrong."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(36))
    photo_id: Mapped[str] = mapped_column(String(36))
    uploader_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str | None] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInt)
    type: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_upload_photo", "report_id", "photo_id", "uploader_id"),)
