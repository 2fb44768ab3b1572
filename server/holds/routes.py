"""Holds over HTTP. They are written by ops and jobs; here they are only read."""

from typing import Any

from flask_smorest import Blueprint

from server.db import db
from server.feed import service as feed
from server.holds import schemas, service
from server.security import Permission, actor, requires

blp = Blueprint("holds", __name__, url_prefix="/api", description="Footage holds")


@blp.route("/holds", methods=["GET"])
@requires(Permission.READ_HOLDS)
@blp.response(200, schemas.BoardSchema)
def board() -> dict[str, Any]:
    """List every hold of the caller's district, the one whose footage would be destroyed first on top."""
    session = db.session()
    return {"holds": service.board(session, sorted(feed.in_scope(session, actor())))}
