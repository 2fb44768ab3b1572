"""HTTP of single reports."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from server.db import unit_of_work
from server.feed.schemas import CopyOut
from server.reports import service
from server.reports.schemas import HistoryOut
from server.security import Permission, actor, requires

blp = Blueprint("reports", __name__, url_prefix="/api/reports", description="One report and its history")


@blp.route("/<uuid:report>", methods=["GET"])
@requires(Permission.READ_FEED)
@blp.alt_response(200, schema=CopyOut)
def read_report(report: object) -> Response:
    """Return a report as the feed serves it."""
    with unit_of_work(actor()) as uow:
        copy, _, _ = service.copy(uow, actor(), str(report))
    return Response(copy, content_type="application/json")


@blp.route("/<uuid:report>/history", methods=["GET"])
@requires(Permission.READ_FEED)
@blp.response(200, HistoryOut)
def read_history(report: object) -> dict[str, Any]:
    """Return every op of a report as it was signed, oldest first, with the server's verdict on it."""
    with unit_of_work(actor()) as uow:
        return {"ops": service.open_history(uow, actor(), str(report))}
