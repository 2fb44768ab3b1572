"""The application: reads the settings, wires the features together, serves the API and the PWA."""

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from flask_compress import Compress
from flask_migrate import Migrate
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

import server.holds.jobs  # noqa: F401 - registers the outbox's handlers
from server import log, outbox, problems, security
from server.accounts import routes as account_routes
from server.accounts import service as accounts
from server.audit import routes as audit_routes
from server.audit import service as audit
from server.catalog import routes as catalog_routes
from server.config import Settings
from server.db import db, reader
from server.devices import routes as device_routes
from server.devices import service as devices
from server.evidence import routes as evidence_routes
from server.evidence import service as evidence
from server.feed import finish as feed
from server.feed import routes as feed_routes
from server.feed import service as feed_service
from server.feed.gather import Gatherer
from server.feed.keyring import KeyRing
from server.feed.pokes import Pokes
from server.feed.schemas import MAX_OPS
from server.feed.signing import ServerKey
from server.holds import routes as hold_routes
from server.holds import service as holds
from server.openapi import ProblemApi
from server.problems import LengthRequired, NotFound, Unavailable
from server.reports import routes as report_routes
from server.security import Permission, requires

ROOT = Path(__file__).resolve().parent.parent
_ROUTES = (
    account_routes,
    device_routes,
    catalog_routes,
    feed_routes,
    report_routes,
    evidence_routes,
    hold_routes,
    audit_routes,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Raises BadSettings where the settings do not allow a safe start."""
    settings = settings or Settings.from_env()
    settings.check()
    app = Flask("holdfast", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        SQLALCHEMY_DATABASE_URI=_absolute(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS={
            # Errors are logged, and their parameters would be what people wrote.
            "hide_parameters": True,
            **({} if settings.sqlite else _POOL),
        },
        API_TITLE="Holdfast",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.extensions["settings"] = settings
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    log.configure()
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    security.install(app)
    # Photos and the stream of pokes are not among its types: the one gains nothing, the other must not wait.
    Compress(app)
    _wire(app, settings)
    api = ProblemApi(app)
    for routes in _ROUTES:
        api.register_blueprint(routes.blp)
    # After flask-smorest, which would otherwise answer HTTP errors in a form of its own.
    problems.install(app)
    _open_spec(app)
    _operation(app)
    _pwa(app, settings)
    return app


# The connection used last is taken first: its statements are prepared.
_POOL = {"pool_size": 20, "max_overflow": 20, "pool_timeout": 10, "pool_use_lifo": True}


def _absolute(url: str) -> str:
    """Anchor a relative SQLite path at the working directory; Flask-SQLAlchemy would take its instance folder."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    if url == path or path.startswith("/") or path in ("", ":memory:"):
        return url
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return prefix + os.path.abspath(path)


def _wire(app: Flask, settings: Settings) -> None:
    """Connect features that must not import one another: the feed serves them all and depends on none."""
    found = app.extensions
    found["finishers"] = [outbox.write, audit.finish, feed.finish]
    found["load_actor"] = lambda token: accounts.load_actor(reader(), token)
    found["device_keys"] = devices.keys
    found["actors"] = accounts.actors
    found["users_by_star"] = accounts.users_by_star
    found["people"] = accounts.people
    found["devices"] = devices.devices
    found["consequences"] = {"hold": holds.on_op_stored}
    found["facts"] = {"holds": holds.statuses, "photos": evidence.statuses}
    found["server_key"] = ServerKey(settings.signing_key_file)
    found["gatherer"] = Gatherer(
        feed_service.take_together, most=MAX_OPS, room=settings.waiting_pushes, prepare=lambda push: push.envelopes
    )
    found["key_ring"] = KeyRing()
    found["pokes"] = Pokes(app, settings)


def _open_spec(app: Flask) -> None:
    """Let everybody read the description of the API; it holds nothing of anyone."""
    endpoint = "api-docs.openapi_json"
    view = app.view_functions[endpoint]

    @requires(Permission.PUBLIC)
    def spec() -> Any:  # a function, since a bound method takes no attributes and the guard reads one
        return view()

    app.view_functions[endpoint] = spec


def _operation(app: Flask) -> None:
    @app.get("/healthz")
    @requires(Permission.PUBLIC)
    def healthz() -> Response:
        return Response("ok\n", content_type="text/plain")

    @app.get("/readyz")
    @requires(Permission.PUBLIC)
    def readyz() -> Response:
        try:
            db.session.execute(text("SELECT 1 FROM feed_counter LIMIT 1"))
        except Exception as failed:
            raise Unavailable("The database does not answer or has no schema; run `holdfast doctor`.") from failed
        return Response("ready\n", content_type="text/plain")

    @app.get("/metrics")
    @requires(Permission.PUBLIC)
    def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    @app.before_request
    def refuse_unknown_addresses() -> None:
        """Answer 404 for every method where the API has nothing; the app's own route would make it 405."""
        wrong_method = isinstance(request.routing_exception, MethodNotAllowed)
        if wrong_method and request.path.startswith("/api/") and endpoints() == {"pwa"}:
            raise NotFound("There is no such address in the API; see /api/openapi.json.")

    def endpoints() -> set[str]:
        adapter = app.url_map.bind_to_environ(request.environ)
        return {adapter.match(method=method)[0] for method in adapter.allowed_methods()}

    @app.before_request
    def refuse_large_bodies() -> None:
        """Refuse by the announced length, before a byte of the body is read."""
        chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
        if chunked and request.path.startswith("/api/") and not request.path.startswith("/api/uploads"):
            raise LengthRequired()
        limit = request.max_content_length
        if limit is not None and (request.content_length or 0) > limit:
            raise RequestEntityTooLarge()


def _pwa(app: Flask, settings: Settings) -> None:
    folder = settings.pwa_dir.resolve()

    @app.get("/", defaults={"path": "index.html"})
    @app.get("/<path:path>")
    @requires(Permission.PUBLIC)
    def pwa(path: str) -> Response:
        if path.startswith("api/"):
            raise NotFound("There is no such address in the API; see /api/openapi.json.")
        if not (folder / path).is_file():
            raise NotFound("There is nothing here. The app itself is at /.")
        response = send_from_directory(folder, path)
        # As a whole and not as a stream: only so can every browser get it gzipped.
        response.direct_passthrough = False
        response.set_data(response.get_data())
        # Hashed names never change; everything else, the worker above all, must be asked for anew each time.
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response
