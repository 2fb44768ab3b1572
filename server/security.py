"""Who may call what: one enum of permissions, one guard that denies by default (P9)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from server.problems import Forbidden, LoginRequired, Problem

F = TypeVar("F", bound=Callable[..., Any])


class Permission(StrEnum):
    """What a route asks of its caller. Which reports a caller may see is decided by the report's own policy."""

    PUBLIC = "public"
    OWN_ACCOUNT = "own_account"
    SIGNED_IN = "signed_in"
    DELIVER = "deliver"
    READ_FEED = "read_feed"
    READ_HOLDS = "read_holds"
    MANAGE_USERS = "manage_users"
    MANAGE_DEVICES = "manage_devices"
    READ_AUDIT = "read_audit"


class PasswordChangeRequired(Problem):
    status, code, title = 403, "password_change_required", "Choose your own password first"
    retry = "after_login"
    hint = "Change the one-time password that you signed in with. What you saved on this device stays."


@dataclass(frozen=True)
class Actor:
    """The caller of this request, read anew from the database each time so that a revocation acts at once."""

    id: str
    username: str
    display_name: str
    star: str | None
    role: str
    district: str | None
    grants: frozenset[str] = field(default_factory=frozenset)
    device: str | None = None
    upload_only: bool = False
    must_change_password: bool = False


@dataclass(frozen=True)
class DeviceKey:
    """An enrolled device as others need it: its user, its public key (JWK as JSON text), whether it was revoked."""

    user: str
    jwk: str
    revoked: bool


_OWN = frozenset({Permission.OWN_ACCOUNT})
_BY_ROLE: dict[str, frozenset[Permission]] = {
    "officer": frozenset({Permission.SIGNED_IN, Permission.DELIVER, Permission.READ_FEED}),
    "desk": frozenset({Permission.SIGNED_IN, Permission.DELIVER, Permission.READ_FEED, Permission.READ_HOLDS}),
    "admin": frozenset({Permission.SIGNED_IN, Permission.MANAGE_USERS, Permission.MANAGE_DEVICES}),
}
_BY_GRANT: dict[str, frozenset[Permission]] = {"auditor": frozenset({Permission.READ_AUDIT})}


def permissions(actor: Actor) -> frozenset[Permission]:
    """Return what an actor may ask for. An upload-only token delivers and does nothing else.

    A one-time password is known to whoever made it, so it opens nothing but the change to another.
    """
    if actor.upload_only:
        return frozenset({Permission.DELIVER})
    if actor.must_change_password:
        return _OWN
    granted = [_BY_GRANT.get(grant, frozenset()) for grant in actor.grants]
    return _OWN.union(_BY_ROLE.get(actor.role, frozenset()), *granted)


def can_be_id(text: str) -> bool:
    """Tell whether a text may be asked of the database as an id; PostgreSQL takes no zero bytes."""
    return len(text) <= 36 and text.isascii() and text.isprintable()


def requires(permission: Permission) -> Callable[[F], F]:
    """Declare what a view asks for. Put it below the route decorator; a view without one answers nobody."""

    def mark(view: F) -> F:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def actor() -> Actor:
    """Return the caller. Only for views behind the guard that are not public."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise LoginRequired()
    return found


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _guard() -> None:
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    needed = getattr(view, "permission", None)
    if needed is Permission.PUBLIC:
        return
    token = _bearer()
    if token is None:
        raise LoginRequired()
    # The loader is wired in by app.py: it belongs to accounts, which itself builds on this module.
    g.actor = current_app.extensions["load_actor"](token)
    if needed is None or needed not in permissions(g.actor):
        raise PasswordChangeRequired() if _may_once_changed(g.actor, needed) else Forbidden()


def _may_once_changed(actor: Actor, needed: Permission | None) -> bool:
    return actor.must_change_password and needed in permissions(replace(actor, must_change_password=False))


_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.path.startswith("/api"):
        # No page: what would only concern one is left out, because phones pay for each answer.
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("Cache-Control", "no-store")
        return response
    headers.setdefault("Content-Security-Policy", _CSP)
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
    return response


def install(app: Flask) -> None:
    """Put the guard before every request and the security headers on every answer."""
    app.before_request(_guard)
    app.after_request(_harden)
