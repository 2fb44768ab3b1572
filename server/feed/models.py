"""Tables of the feed. Ops are kept byte for byte; everything else here can be worked out from them again."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BigInt, Model, UtcDateTime


class StoredOp(Model):
    """An op as it came, and what was made of it. One that cannot be read has the id `sha256:<hash>`."""

    __tablename__ = "op"

    id: Mapped[str] = mapped_column(String(72), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    jws: Mapped[str] = mapped_column(Text)
    device_id: Mapped[str | None] = mapped_column(String(36))
    n: Mapped[int | None] = mapped_column(BigInt)
    actor_id: Mapped[str | None] = mapped_column(String(36))
    report_id: Mapped[str | None] = mapped_column(String(36))
    kind: Mapped[str | None] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seq: Mapped[int | None] = mapped_column(BigInt)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index("ix_op_report", "report_id", "seq"),
        Index("ix_op_device", "device_id", "n"),
        # The few that a person must look at are asked for with every change of their report.
        Index(
            "ix_op_quarantined",
            "report_id",
            postgresql_where=text("verdict = 'quarantined'"),
            sqlite_where=text("verdict = 'quarantined'"),
        ),
    )


class OpClash(Model):
    """Other bytes under the id of a stored op: kept and flagged, never interpreted."""

    __tablename__ = "op_clash"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    op_id: Mapped[str] = mapped_column(String(72), index=True)
    report_id: Mapped[str | None] = mapped_column(String(36), index=True)
    jws: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seq: Mapped[int | None] = mapped_column(BigInt)


class OpFlag(Model):
    """A remark on an op that was taken in all the same, such as a count that its device had used before."""

    __tablename__ = "op_flag"

    op_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    other_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    flag: Mapped[str] = mapped_column(String(16), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(36), index=True)
    device_id: Mapped[str] = mapped_column(String(36))


class DeviceContact(Model):
    """What a device last said of itself, and how many of its ops have come: `top_n` without gaps would be `ops`."""

    __tablename__ = "device_contact"

    device_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36), index=True)
    unsent: Mapped[int | None] = mapped_column(BigInt)
    top_n: Mapped[int] = mapped_column(BigInt)
    ops: Mapped[int] = mapped_column(BigInt)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Report(Model):
    """A report's present snapshot and facts, as the bytes that the feed serves."""

    __tablename__ = "report"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    author_id: Mapped[str] = mapped_column(String(36))
    district: Mapped[str | None] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)
    facts: Mapped[bytes] = mapped_column(LargeBinary)
    seq: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReportChange(Model):
    """What one change altered in a report, as the bytes that the feed serves to readers who had `since`."""

    __tablename__ = "report_change"

    seq: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    report_id: Mapped[str] = mapped_column(String(36))
    since: Mapped[int] = mapped_column(BigInt)
    patch: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_report_change_report", "report_id", "seq"),)


class ReportScope(Model):
    """That a scope's readers see a report, and its last change; `present` false tells them to remove their copy.

    `entered` is the change with which the report last came into the scope: only who follows the feed since then has it.
    """

    __tablename__ = "report_scope"

    scope: Mapped[str] = mapped_column(String(48), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInt)
    entered: Mapped[int] = mapped_column(BigInt)
    present: Mapped[bool]

    __table_args__ = (
        Index("ix_report_scope_feed", "scope", "seq"),
        Index("ix_report_scope_report", "report_id"),
    )


class FeedCounter(Model):
    """The one row whose lock orders all commits: its holder gives out the next numbers and then commits."""

    __tablename__ = "feed_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(String(36))
    seq: Mapped[int] = mapped_column(BigInt)
    log_n: Mapped[int] = mapped_column(BigInt)
    log_head: Mapped[str | None] = mapped_column(String(64))


class ReceiptEntry(Model):
    """One signed statement of the server: the receipts of a push, its time, and the hash of the one before."""

    __tablename__ = "receipt_log"

    n: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    prev: Mapped[str | None] = mapped_column(String(64))
    jws: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
