"""Keep what changed in each report, what devices last said, and what each version's author had seen.

Snapshots are worked out from ops, so they are brought to the new shape from these; a new epoch then lets every reader
take its copies anew.
"""

import base64
import json
import uuid
from collections.abc import Iterator, Sequence
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
    _renew_snapshots()


_REPORT = sa.table("report", sa.column("id"), sa.column("snapshot", sa.LargeBinary), sa.column("facts", sa.LargeBinary))
_OP = sa.table("op", sa.column("id"), sa.column("report_id"), sa.column("jws"))
_COUNTER = sa.table("feed_counter", sa.column("epoch"))


def _renew_snapshots() -> None:
    database = op.get_bind()
    # One report after the other: a year of them does not fit in memory.
    for report in database.scalars(sa.select(_REPORT.c.id)).all():
        of_it = _REPORT.c.id == report
        stored, facts = database.execute(sa.select(_REPORT.c.snapshot, _REPORT.c.facts).where(of_it)).one()
        rows = database.execute(sa.select(_OP.c.id, _OP.c.jws).where(_OP.c.report_id == report))
        seen = {(id, *place): base for id, jws in rows for *place, base in _edits(jws)}
        told = json.loads(facts)
        told |= {"kept": len(told["quarantined"]), "flags": []}
        values = {"snapshot": _renewed(json.loads(stored), seen), "facts": told}
        written = {name: json.dumps(each, separators=(",", ":")).encode("ascii") for name, each in values.items()}
        database.execute(sa.update(_REPORT).where(of_it).values(written))
    database.execute(sa.update(_COUNTER).values(epoch=str(uuid.uuid4())))


def _edits(jws: str) -> Iterator[tuple[str, str, list[str]]]:
    try:
        body = jws.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        yield from [(edit["entity"], edit["field"], edit["base"]) for edit in payload["edits"]]
    except (ValueError, LookupError, TypeError):
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
