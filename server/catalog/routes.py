"""HTTP of the catalog."""

from flask import Response, request
from flask_smorest import Blueprint

from server.catalog import service
from server.catalog.schemas import CatalogOut
from server.config import settings
from server.security import Permission, requires

blp = Blueprint("catalog", __name__, url_prefix="/api/catalog", description="Forms and policy lists")


@blp.route("", methods=["GET"])
@requires(Permission.SIGNED_IN)
@blp.alt_response(200, schema=CatalogOut)
@blp.alt_response(304, description="The caller's copy is the present one")
def read_catalog() -> Response:
    """Return form definitions and policy lists; with `If-None-Match` only when they changed."""
    found = service.catalog(demonstration=settings().mode == "demo")
    response = Response(found.body, content_type="application/json")
    response.set_etag(found.version)
    # Nothing personal is in it, so a phone may keep it, but must ask each time whether it still holds.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
