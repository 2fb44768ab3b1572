"""Accounts: create, change, suspend, and tell other features who somebody is.

Functions that change something take the unit of work of the caller's transaction and note one audit event each.
"""

from collections.abc import Collection, Iterable
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import Row, Table, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.accounts import policy, tokens
from server.accounts.errors import LastAdmin, NameTaken, OwnAccount
from server.accounts.models import RefreshToken, UserAccount
from server.accounts.passwords import hash_password, one_time_password
from server.bulk import among
from server.config import settings
from server.db import UnitOfWork
from server.feed import service as feed
from server.problems import LoginRequired, NotFound
from server.security import Actor, can_be_id

CHANGEABLE = ("display_name", "role", "star", "district", "grants")


def actor_of(user: UserAccount | Row[Any], device: str | None = None, upload_only: bool = False) -> Actor:
    """Describe an account, or its columns, as the caller of a request."""
    return Actor(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        star=user.star,
        role=user.role,
        district=user.district,
        grants=frozenset(user.grants),
        device=device,
        upload_only=upload_only,
        must_change_password=user.must_change_password,
    )


def load_actor(session: Session, token: str) -> Actor:
    """Return whose access token this is, as the account is now: suspension and sign-out act on the next request.

    Raises LoginRequired for a bad or old token, a suspended account and an ended session.
    """
    claims = tokens.read(settings(), token)
    found = _IN_SESSION if claims.scope == "full" else _ACTIVE
    user = session.execute(found, {"ids": [claims.user], "sid": claims.sid}).one_or_none()
    if user is None:
        raise LoginRequired()
    return actor_of(user, claims.device, claims.scope == "upload")


def issue_upload_token(uow: UnitOfWork, user_id: str, device_id: str) -> tuple[str, int]:
    """Return a token that can deliver and nothing else, and its life in seconds. The caller has checked the device.

    Raises LoginRequired when the account is suspended.
    """
    user = find(uow.session, user_id)
    if not user.active:
        raise LoginRequired("The account of this device is suspended. What is saved on it stays until it is not.")
    return tokens.issue(settings(), uow.now, tokens.Claims(user_id, "upload", None, device_id))


def key_for(purpose: str) -> bytes:
    """Derive a key of another feature's own from the server's secret."""
    return tokens.derived_key(settings(), purpose)


def find(session: Session, user_id: str) -> UserAccount:
    """Return one account. Raises NotFound."""
    user = session.get(UserAccount, user_id) if can_be_id(user_id) else None
    if user is None:
        raise NotFound("There is no such account.")
    return user


def find_by_name(session: Session, username: str) -> UserAccount:
    """Return the account with this user name. Raises NotFound."""
    wanted = select(UserAccount).where(UserAccount.username == policy.username_of(username))
    user = session.execute(wanted).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no account with this user name.")
    return user


def list_users(session: Session) -> list[UserAccount]:
    """Return every account, by user name."""
    return list(session.scalars(select(UserAccount).order_by(UserAccount.username)))


def users_by_star(session: Session, stars: Iterable[str]) -> dict[str, str]:
    """Return {star: user id} for those of the star numbers that belong to an account."""
    wanted = {star for star in stars if star}
    if not wanted:
        return {}
    rows = session.execute(select(UserAccount.star, UserAccount.id).where(UserAccount.star.in_(wanted)))
    return {star: user for star, user in rows if star}


def actors(session: Session, ids: Iterable[str]) -> dict[str, Actor]:
    """Return {user id: Actor} of those who are active now; whoever is missing may do nothing."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {user.id: actor_of(user) for user in session.execute(_ACTIVE, {"ids": list(wanted)})}


def people(session: Session, ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Return {user id: {name, star}} for showing who did something."""
    wanted = set(ids)
    if not wanted:
        return {}
    columns = (UserAccount.id, UserAccount.display_name, UserAccount.star)
    rows = session.execute(select(*columns).where(UserAccount.id.in_(wanted)))
    return {user: {"name": name, "star": star} for user, name, star in rows}


def create_user(
    uow: UnitOfWork,
    *,
    username: str,
    display_name: str,
    role: str,
    star: str | None = None,
    district: str | None = None,
    grants: Collection[str] = (),
    password: str | None = None,
) -> tuple[UserAccount, str]:
    """Create an account and return it with its password.

    Without `password` a one-time password is made, which its owner is asked to change. Raises BadAccount, NameTaken
    and WeakPassword.
    """
    name, granted = policy.username_of(username), sorted(set(grants))
    policy.check_account(name, role, star, district, granted)
    if password is not None:
        policy.check_password(password, name, display_name, star)
    given = password or one_time_password()
    user = UserAccount(
        id=str(uuid4()),
        username=name,
        display_name=policy.display_name_of(display_name),
        star=star,
        district=district,
        role=role,
        grants=granted,
        password_hash=hash_password(given),
        must_change_password=password is None,
        created_at=uow.now,
        suspended_at=None,
    )
    _refuse_taken(uow.session, user.id, name, star)
    uow.session.add(user)
    _flush(uow.session)
    _publish_named(uow, star)
    uow.audit("user.create", "user", user.id, role=role, district=district, grants=granted)
    return user, given


def update_user(uow: UnitOfWork, user_id: str, changes: dict[str, Any]) -> UserAccount:
    """Change what `CHANGEABLE` names. Nobody changes the own role or grants, and one active admin stays."""
    admins = _locked_admins(uow.session)
    user = _locked(uow.session, user_id)
    new = {name: changes.get(name, getattr(user, name)) for name in CHANGEABLE}
    new["grants"] = sorted(set(new["grants"]))
    new["display_name"] = policy.display_name_of(new["display_name"])
    fields = [name for name in CHANGEABLE if new[name] != getattr(user, name)]
    if not fields:
        return user
    if uow.actor and uow.actor.id == user_id and {"role", "grants"} & set(fields):
        raise OwnAccount("Nobody may change the own role or grants. Ask another admin.")
    policy.check_account(user.username, new["role"], new["star"], new["district"], new["grants"])
    if "role" in fields:
        _keep_an_admin(user, admins)
    if "star" in fields:
        _refuse_taken(uow.session, user.id, None, new["star"])
        _publish_named(uow, user.star, new["star"])
    for name in fields:
        setattr(user, name, new[name])
    _flush(uow.session)
    permissions = {name: new[name] for name in ("role", "district", "grants") if name in fields}
    uow.audit("user.update", "user", user.id, fields=fields, **permissions)
    return user


def reset_password(uow: UnitOfWork, user_id: str) -> str:
    """Give an account a new one-time password and end its sessions; return the password, which is stored nowhere."""
    user = _locked(uow.session, user_id)
    password = one_time_password()
    user.password_hash = hash_password(password)
    user.must_change_password = True
    revoke_sessions(uow, user.id)
    uow.audit("user.password_reset", "user", user.id)
    return password


def suspend(uow: UnitOfWork, user_id: str) -> UserAccount:
    """Shut an account out as of its next request. Repeating it changes nothing.

    Raises OwnAccount and LastAdmin: somebody must be left to reactivate it.
    """
    if uow.actor and uow.actor.id == user_id:
        raise OwnAccount("Nobody may suspend the own account. Ask another admin.")
    admins = _locked_admins(uow.session)
    user = _locked(uow.session, user_id)
    if not user.active:
        return user
    _keep_an_admin(user, admins)
    user.suspended_at = uow.now
    revoke_sessions(uow, user.id)
    uow.audit("user.suspend", "user", user.id)
    return user


def reactivate(uow: UnitOfWork, user_id: str) -> UserAccount:
    """Let a suspended account in again; its sessions stay ended. Repeating it changes nothing."""
    user = _locked(uow.session, user_id)
    if not user.active:
        user.suspended_at = None
        uow.audit("user.reactivate", "user", user.id)
    return user


def revoke_sessions(uow: UnitOfWork, user_id: str, keep: str | None = None) -> None:
    """End every session of an account but the family `keep`."""
    tokens_of_user = update(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None))
    if keep:
        tokens_of_user = tokens_of_user.where(RefreshToken.family != keep)
    uow.session.execute(tokens_of_user.values(revoked_at=uow.now))


def _publish_named(uow: UnitOfWork, *stars: str | None) -> None:
    """Have the feed work out anew who sees the reports that name officers by these stars."""
    for report in feed.reports_naming(uow.session, [star for star in stars if star]):
        uow.publish(report)


def _locked(session: Session, user_id: str) -> UserAccount:
    if not can_be_id(user_id):
        raise NotFound("There is no such account.")
    row = select(UserAccount).where(UserAccount.id == user_id).with_for_update()
    user = session.execute(row.execution_options(populate_existing=True)).scalar_one_or_none()
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _locked_admins(session: Session) -> list[str]:
    """Lock the active admins, all in one order and before any other account, and return their ids.

    So of two admins who act on each other at the same moment the second one sees what the first one did, and neither
    waits for a row that the other holds.
    """
    admins = select(UserAccount.id).where(UserAccount.role == "admin", UserAccount.suspended_at.is_(None))
    return list(session.scalars(admins.order_by(UserAccount.id).with_for_update()))


def _keep_an_admin(user: UserAccount, admins: list[str]) -> None:
    if admins == [user.id]:
        raise LastAdmin()


def _refuse_taken(session: Session, user_id: str, username: str | None, star: str | None) -> None:
    same = or_(UserAccount.username == (username or ""), UserAccount.star == (star or ""))
    if session.execute(select(UserAccount.id).where(same, UserAccount.id != user_id)).first():
        raise NameTaken()


def _flush(session: Session) -> None:
    """Send the change now; the unique constraints decide where two admins chose the same name at once."""
    try:
        session.flush()
    except IntegrityError as taken:
        raise NameTaken() from taken


# Every request and every delivery asks these, so they are written once, and of columns: as objects of the mapper, which
# it keeps for the session, they would show an account as it was.
_ACCOUNT, _REFRESH = (cast("Table", each.__table__) for each in (UserAccount, RefreshToken))
_ACTOR = ("id", "username", "display_name", "star", "role", "district", "grants", "must_change_password")
_ACTIVE = select(*(_ACCOUNT.c[name] for name in _ACTOR)).where(
    among(_ACCOUNT.c.id, "ids"), _ACCOUNT.c.suspended_at.is_(None)
)
_IN_SESSION = _ACTIVE.where(
    select(_REFRESH.c.token_sha256)
    .where(_REFRESH.c.family == bindparam("sid"), _REFRESH.c.revoked_at.is_(None))
    .exists()
)
