"""The audit log over HTTP, for accounts with the auditor grant."""

from flask_smorest import Blueprint

from server.audit import schemas, service
from server.audit.models import AuditEvent
from server.db import db, unit_of_work
from server.security import Permission, actor, requires

blp = Blueprint("audit", __name__, url_prefix="/api", description="The audit log")


@blp.route("/audit", methods=["GET"])
@requires(Permission.READ_AUDIT)
@blp.arguments(schemas.AfterSchema, location="query")
@blp.response(200, schemas.AuditEventsSchema)
def read(query: dict[str, int]) -> dict[str, list[AuditEvent]]:
    """Return up to 200 events after a number, oldest first. Each reading is an event itself."""
    with unit_of_work(actor()) as uow:
        return {"events": service.read(uow, query["after"])}


@blp.route("/audit/verify", methods=["POST"])
@requires(Permission.READ_AUDIT)
@blp.response(200, schemas.VerificationSchema)
def verify() -> service.Verification:
    """Compute the chain anew and name the first event that does not fit."""
    found = service.verify(db.session())
    with unit_of_work(actor()) as uow:
        service.note_check(uow, found)
    return found
