"""Sessions and accounts over HTTP."""

from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from server.accounts import schemas, service, sessions
from server.accounts.models import UserAccount
from server.config import settings
from server.db import db, unit_of_work
from server.security import Permission, actor, requires

blp = Blueprint("accounts", __name__, url_prefix="/api", description="Sessions and accounts")
COOKIE = "refresh"
COOKIE_PATH = "/api/session"


def _session(granted: sessions.Granted) -> Response:
    response = jsonify(schemas.SessionSchema().dump(granted))
    _set_cookie(response, granted.refresh_token, settings().refresh_days * 86400)
    return response


def _set_cookie(response: Response, value: str, max_age: int) -> None:
    # A browser keeps no Secure cookie from plain http, which the demo and tests use on one machine.
    secure = settings().public_url.startswith("https:")
    flags: dict[str, Any] = {"httponly": True, "secure": secure, "samesite": "Strict", "path": COOKIE_PATH}
    response.set_cookie(COOKIE, value, max_age=max_age, **flags)


@blp.route("/session", methods=["POST"])
@requires(Permission.PUBLIC)
@blp.arguments(schemas.CredentialsSchema)
@blp.response(200, schemas.SessionSchema)
@blp.alt_response(401, description="bad_credentials")
@blp.alt_response(403, description="account_suspended")
@blp.alt_response(429, description="too_many_attempts")
def sign_in(credentials: dict[str, str]) -> Response:
    """Sign in; sets the refresh cookie."""
    return _session(sessions.sign_in(credentials["username"], credentials["password"], request.remote_addr))


@blp.route("/session/refresh", methods=["POST"])
@requires(Permission.PUBLIC)
@blp.response(200, schemas.SessionSchema)
@blp.alt_response(401, description="login_required")
def refresh() -> Response:
    """Exchange the refresh cookie for a new one and a new access token."""
    return _session(sessions.refresh(request.cookies.get(COOKIE)))


@blp.route("/session", methods=["DELETE"])
@requires(Permission.PUBLIC)
@blp.response(204)
def sign_out() -> Response:
    """Sign out: the session ends here and for its access tokens. Works without a valid session too."""
    sessions.sign_out(request.cookies.get(COOKIE))
    response = Response(status=204)
    _set_cookie(response, "", 0)
    return response


@blp.route("/session/password", methods=["POST"])
@requires(Permission.OWN_ACCOUNT)
@blp.arguments(schemas.PasswordChangeSchema)
@blp.response(204)
@blp.alt_response(400, description="weak_password")
@blp.alt_response(403, description="wrong_password")
def change_password(passwords: dict[str, str]) -> None:
    """Change the own password; every other session of the account ends."""
    cookie = request.cookies.get(COOKIE)
    sessions.change_password(actor(), passwords["current"], passwords["new"], request.remote_addr, cookie)


@blp.route("/users/me", methods=["GET"])
@requires(Permission.OWN_ACCOUNT)
@blp.response(200, schemas.UserSchema)
def me() -> UserAccount:
    """Return the own account."""
    return service.find(db.session(), actor().id)


@blp.route("/users", methods=["GET"])
@requires(Permission.MANAGE_USERS)
@blp.response(200, schemas.UsersSchema)
def list_users() -> dict[str, list[UserAccount]]:
    """List all accounts by user name."""
    return {"users": service.list_users(db.session())}


@blp.route("/users", methods=["POST"])
@requires(Permission.MANAGE_USERS)
@blp.arguments(schemas.NewUserSchema)
@blp.response(201, schemas.CreatedUserSchema)
@blp.alt_response(409, description="name_taken")
def create_user(new: dict[str, Any]) -> dict[str, Any]:
    """Create an account; the answer holds its one-time password, which cannot be read again."""
    with unit_of_work(actor()) as uow:
        user, password = service.create_user(uow, **new)
    return {"user": user, "password": password}


@blp.route("/users/<string:user_id>", methods=["PATCH"])
@requires(Permission.MANAGE_USERS)
@blp.arguments(schemas.UserChangeSchema)
@blp.response(200, schemas.UserSchema)
@blp.alt_response(403, description="own_account")
@blp.alt_response(409, description="name_taken or last_admin")
def update_user(changes: dict[str, Any], user_id: str) -> UserAccount:
    """Change an account; what it may do changes with its next request."""
    with unit_of_work(actor()) as uow:
        return service.update_user(uow, user_id, changes)


@blp.route("/users/<string:user_id>/password-reset", methods=["POST"])
@requires(Permission.MANAGE_USERS)
@blp.response(200, schemas.OneTimePasswordSchema)
def reset_password(user_id: str) -> dict[str, str]:
    """Give an account a new one-time password; its sessions end."""
    with unit_of_work(actor()) as uow:
        return {"password": service.reset_password(uow, user_id)}


@blp.route("/users/<string:user_id>/suspend", methods=["POST"])
@requires(Permission.MANAGE_USERS)
@blp.response(200, schemas.UserSchema)
@blp.alt_response(403, description="own_account")
@blp.alt_response(409, description="last_admin")
def suspend(user_id: str) -> UserAccount:
    """Suspend an account as of its next request."""
    with unit_of_work(actor()) as uow:
        return service.suspend(uow, user_id)


@blp.route("/users/<string:user_id>/reactivate", methods=["POST"])
@requires(Permission.MANAGE_USERS)
@blp.response(200, schemas.UserSchema)
def reactivate(user_id: str) -> UserAccount:
    """Let a suspended account sign in again."""
    with unit_of_work(actor()) as uow:
        return service.reactivate(uow, user_id)
