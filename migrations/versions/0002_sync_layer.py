"""Keep what changed in each report, what devices last said, and what each version's author had seen.

Snapshots are worked out from ops, so they are brought to the new shape from these; a new epoch then lets every reader
take its copies anew.
"""

import base64
import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "device_contact",
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("unsent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("top_n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ops", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_contact")),
    )
    with op.batch_alter_table("device_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_contact_user_id"), ["user_id"], unique=False)

    op.create_table(
        "op_flag",
        sa.Column("op_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=False),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("op_id", "other_id", "flag", name=op.f("pk_op_flag")),
    )
    with op.batch_alter_table("op_flag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_op_flag_report_id"), ["report_id"], unique=False)

    op.create_table(
        "report_change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.String(length=36), nullable=False),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("patch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_report_change")),
    )
    with op.batch_alter_table("report_change", schema=None) as batch_op:
        batch_op.create_index("ix_report_change_report", ["report_id", "seq"], unique=False)

    with op.batch_alter_table("op_clash", schema=None) as batch_op:
        batch_op.add_column(sa.Column("report_id", sa.String(length=36), nullable=True))
        batch_op.create_index(batch_op.f("ix_op_clash_report_id"), ["report_id"], unique=False)

    with op.batch_alter_table("receipt_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipt_log_sha256"), ["sha256"], unique=False)

    with op.batch_alter_table("report_scope", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entered", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.execute("UPDATE report_scope SET entered = seq")
    with op.batch_alter_table("report_scope", schema=None) as batch_op:
        batch_op.alter_column(
            "entered", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        )
    # Else all that a phone had sent before would look as if it never had come.
    op.execute(
        "INSERT INTO device_contact (device_id, user_id, unsent, top_n, ops, at) "
        "SELECT device_id, MIN(actor_id), NULL, MAX(n), COUNT(DISTINCT n), MAX(received_at) FROM op "
        "WHERE device_id IS NOT NULL GROUP BY device_id"
    )
    op.execute(
        "INSERT INTO op_flag (op_id, other_id, flag, report_id, device_id) "
        "SELECT one.id, other.id, 'n_reused', one.report_id, one.device_id FROM op AS one "
        "JOIN op AS other ON other.device_id = one.device_id AND other.n = one.n AND other.id <> one.id "
        "WHERE one.report_id IS NOT NULL"
    )
    _note_reports_of_clashes()
    _renew_reports()


_MOMENT = sa.DateTime(timezone=True)
_REPORT = sa.table("report", sa.column("id"), sa.column("snapshot", sa.LargeBinary), sa.column("facts", sa.LargeBinary))
_OP = sa.table("op", *map(sa.column, ("id", "sha256", "report_id", "jws")))
_FLAG = sa.table("op_flag", *map(sa.column, ("op_id", "other_id", "flag", "report_id", "device_id")))
_CLASH = sa.table(
    "op_clash", *map(sa.column, ("sha256", "op_id", "report_id", "jws")), sa.column("received_at", _MOMENT)
)
_COUNTER = sa.table("feed_counter", sa.column("epoch"))


def _note_reports_of_clashes() -> None:
    """Say of other bytes under known ids which report they name: it was not noted, so no report showed them."""
    database = op.get_bind()
    for sha256, jws in database.execute(sa.select(_CLASH.c.sha256, _CLASH.c.jws)).all():
        report = _payload(jws).get("report")
        if isinstance(report, str) and len(report) == 36:
            database.execute(sa.update(_CLASH).where(_CLASH.c.sha256 == sha256).values(report_id=report))


def _renew_reports() -> None:
    database = op.get_bind()
    # One report after the other: a year of them does not fit in memory.
    for report in database.scalars(sa.select(_REPORT.c.id)).all():
        of_it = _REPORT.c.id == report
        stored, facts = database.execute(sa.select(_REPORT.c.snapshot, _REPORT.c.facts).where(of_it)).one()
        rows = database.execute(sa.select(_OP.c.id, _OP.c.sha256, _OP.c.jws).where(_OP.c.report_id == report)).all()
        seen = {(row.id, *place): base for row in rows for *place, base in _edits(row.jws)}
        told = _told(report, json.loads(facts), {row.id: row.sha256 for row in rows})
        values = {"snapshot": _renewed(json.loads(stored), seen), "facts": told}
        written = {name: json.dumps(each, separators=(",", ":")).encode("ascii") for name, each in values.items()}
        database.execute(sa.update(_REPORT).where(of_it).values(written))
    database.execute(sa.update(_COUNTER).values(epoch=str(uuid.uuid4())))


def _told(report: str, facts: dict[str, Any], hashes: dict[str, str]) -> dict[str, Any]:
    """Return what a report tells beside its snapshot: kept ops by their hashes, other bytes under ids, remarks."""
    database = op.get_bind()
    kept = [{**each, "sha256": hashes.get(each["op"]), "not_before": None} for each in facts["quarantined"]]
    clashes = sa.select(_CLASH).where(_CLASH.c.report_id == report).order_by(_CLASH.c.received_at, _CLASH.c.sha256)
    kept += [_entry(row) for row in database.execute(clashes)]
    flags = sa.select(_FLAG).where(_FLAG.c.report_id == report).order_by(_FLAG.c.op_id, _FLAG.c.other_id)
    remarks = [
        {"op": row.op_id, "device": row.device_id, "flag": row.flag, "other": row.other_id}
        for row in database.execute(flags)
    ]
    return {**facts, "quarantined": kept, "kept": len(kept), "flags": remarks}


def _entry(row: Any) -> dict[str, Any]:
    said = _payload(row.jws)
    received = row.received_at if row.received_at.tzinfo else row.received_at.replace(tzinfo=UTC)
    return {
        "op": row.op_id,
        "sha256": row.sha256,
        "kind": said["kind"],
        "actor": said["actor"],
        "device": said["device"],
        "reason": "op_id_reused",
        "received": received.isoformat(),
        "not_before": None,
        "wall": said["time"]["wall"],
        "edits": [{name: edit[name] for name in ("entity", "field", "base", "value")} for edit in said["edits"]],
    }


def _payload(jws: str) -> dict[str, Any]:
    try:
        body = jws.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, LookupError):
        return {}
    return found if isinstance(found, dict) else {}


def _edits(jws: str) -> Iterator[tuple[str, str, list[str]]]:
    try:
        yield from [(edit["entity"], edit["field"], edit["base"]) for edit in _payload(jws)["edits"]]
    except (LookupError, TypeError):
        return  # what cannot be read stands in no snapshot


def _renewed(snapshot: dict[str, Any], seen: dict[tuple[str, str, str], list[str]]) -> dict[str, Any]:
    for entity, fields in snapshot["fields"].items():
        for field, heads in fields.items():
            for head in heads:
                head.pop("saw", None)
                head["not_before"] = None
                head["base"] = seen.get((head["op"], entity, field), [])
    return {"open": {}, "settled": [], **snapshot}


def downgrade() -> None:
    """Take the tables back. What is stored of reports keeps the newer shape: for databases that hold none."""
    with op.batch_alter_table("report_scope", schema=None) as batch_op:
        batch_op.drop_column("entered")

    with op.batch_alter_table("receipt_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receipt_log_sha256"))

    with op.batch_alter_table("op_clash", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_op_clash_report_id"))
        batch_op.drop_column("report_id")

    with op.batch_alter_table("report_change", schema=None) as batch_op:
        batch_op.drop_index("ix_report_change_report")

    op.drop_table("report_change")
    with op.batch_alter_table("op_flag", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_op_flag_report_id"))

    op.drop_table("op_flag")
    with op.batch_alter_table("device_contact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_contact_user_id"))

    op.drop_table("device_contact")
