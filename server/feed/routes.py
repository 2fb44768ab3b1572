"""HTTP of the feed: push, pull, poke."""

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint

from server.db import db
from server.feed import service
from server.feed.changes import compact
from server.feed.pokes import Pokes
from server.feed.schemas import ContactsOut, PageOut, PullQuery, PushIn, PushOut
from server.security import Permission, actor, requires

blp = Blueprint("feed", __name__, url_prefix="/api", description="Ops in, changes out")


@blp.route("/push", methods=["POST"])
@requires(Permission.DELIVER)
@blp.arguments(PushIn)
@blp.response(200, PushOut)
def push(body: dict[str, Any]) -> Response:
    """Store signed ops and answer with a receipt for each; a bad op inside is kept in quarantine."""
    pushed = service.push(actor(), body["ops"], body["unsent"])
    answer = {
        "receipts": [each.as_json() for each in pushed.receipts],
        "statement": pushed.statement,
        "beacon": pushed.beacon,
    }
    # A schema that looks at each receipt anew costs more than signing all of them.
    return Response(compact(answer), content_type="application/json")


@blp.route("/pull", methods=["GET"])
@requires(Permission.READ_FEED)
@blp.arguments(PullQuery, location="query")
@blp.alt_response(200, schema=PageOut)
def pull(query: dict[str, Any]) -> Response:
    """Return the next page of changed reports in the caller's scope; 304 where `If-None-Match` names this very page."""
    session = db.session()
    page = service.pull(session, actor(), query["cursor"], query["limit"])
    tail = compact(
        {
            "left": page.left,
            "people": current_app.extensions["people"](session, page.actors),
            "devices": current_app.extensions["devices"](session, page.devices),
            "cursor": page.cursor,
            "more": page.more,
            "reset": page.reset,
            "beacon": page.beacon,
        }
    )
    if query["device"] is not None and query["unsent"] is not None:
        service.note_contact(actor(), str(query["device"]), query["unsent"])
    body = b'{"changes":[' + b",".join(page.changes) + b"]," + tail[1:]
    response = Response(body, content_type="application/json")
    if not page.changes and not page.left:
        # Where something is new, the next question is another one.
        response.add_etag()
        response.make_conditional(request)
    return response


@blp.route("/contacts", methods=["GET"])
@requires(Permission.READ_FEED)
@blp.response(200, ContactsOut)
def contacts() -> dict[str, Any]:
    """Return the devices that are behind with their ops: one's own, for a desk those that wrote to its reports."""
    session = db.session()
    found = service.behind(session, actor())
    names = current_app.extensions["devices"](session, {each.device for each in found})
    return {"contacts": [{**asdict(each), "name": names.get(each.device, {}).get("name")} for each in found]}


@blp.route("/poke", methods=["GET"])
@requires(Permission.READ_FEED)
def poke() -> Response:
    """Stream a small event whenever the feed has moved (server-sent events); the client then pulls."""
    pokes: Pokes = current_app.extensions["pokes"]
    response = Response(
        pokes.listen(),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    response.call_on_close(pokes.leave)
    return response
