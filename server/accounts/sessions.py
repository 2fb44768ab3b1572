"""Sessions: sign in, rotate, sign out, change the own password.

Signing in takes several transactions, because a failed try must be counted and audited although it ends in an error;
so these functions open their own units of work.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from server.accounts import brake, policy, tokens
from server.accounts.errors import AccountSuspended, BadCredentials, TooManyAttempts, WrongPassword
from server.accounts.models import RefreshToken, UserAccount
from server.accounts.passwords import hash_password, matches, stale
from server.accounts.service import actor_of, revoke_sessions
from server.config import settings
from server.db import UnitOfWork, db, unit_of_work
from server.problems import LoginRequired
from server.security import Actor

Row = TypeVar("Row", RefreshToken, UserAccount)


@dataclass(frozen=True)
class Granted:
    """What a signed-in client gets: the refresh token goes into its cookie, the rest into the body."""

    user: UserAccount
    access_token: str
    expires_in: int
    refresh_token: str


def sign_in(username: str, password: str, address: str | None) -> Granted:
    """Start a session. Raises TooManyAttempts, BadCredentials, and AccountSuspended only after a right password."""
    name = policy.sign_in_name(username)
    known, key = _checked(name, password, address)
    if known is None:
        raise BadCredentials()
    if not known.active:
        with unit_of_work(None) as uow:
            brake.forget(uow.session, key)
        raise AccountSuspended()
    with unit_of_work(actor_of(known)) as uow:
        user = _still(uow.session, known)
        brake.forget(uow.session, key)
        if stale(user.password_hash):
            user.password_hash = hash_password(password)
        _forget_expired(uow, user.id)
        family = str(uuid4())
        granted = _grant(uow, user, family)
        uow.audit("session.start", "user", user.id, session=family)
    return granted


def refresh(token: str | None) -> Granted:
    """Rotate a refresh token. A token used twice was stolen or copied: its whole family ends (RFC 9700 §4.14.2).

    Raises LoginRequired.
    """
    if not token:
        raise LoginRequired()
    granted: Granted | None = None
    with unit_of_work(None) as uow:
        opened = _opened(uow.session, token)
        if opened:
            row, user = opened
            uow.actor = actor_of(user)
            if row.used_at is not None:
                _end_family(uow, row.family)
                uow.audit("session.reuse", "user", user.id, session=row.family)
            elif row.expires_at > uow.now and user.active:
                row.used_at = uow.now
                granted = _grant(uow, user, row.family)
                uow.audit("session.refresh", "user", user.id, session=row.family)
    # Raised out here, because an exception inside would undo the end of a stolen family.
    if granted is None:
        raise LoginRequired()
    return granted


def sign_out(token: str | None) -> None:
    """End the session that a refresh token belongs to; its access tokens end with it. Never fails."""
    with unit_of_work(None) as uow:
        opened = _opened(uow.session, token) if token else None
        if opened:
            row, user = opened
            uow.actor = actor_of(user)
            _end_family(uow, row.family)
            uow.audit("session.end", "user", user.id, session=row.family)


def change_password(actor: Actor, current: str, new: str, address: str | None, refresh_token: str | None) -> None:
    """Set the own password and end every other session. Raises WrongPassword, WeakPassword, TooManyAttempts."""
    policy.check_password(new, actor.username, actor.display_name, actor.star)
    known, key = _checked(actor.username, current, address)
    if known is None:
        raise WrongPassword()
    with unit_of_work(actor) as uow:
        user = _still(uow.session, known)
        brake.forget(uow.session, key)
        own = _opened(uow.session, refresh_token) if refresh_token else None
        user.password_hash = hash_password(new)
        user.must_change_password = False
        revoke_sessions(uow, user.id, keep=own[0].family if own and own[1].id == user.id else None)
        uow.audit("user.password_change", "user", user.id)


def _checked(name: str, password: str, address: str | None) -> tuple[UserAccount | None, str]:
    """Count a try, then compare. Unknown names take the same steps and the same time as known ones."""
    key = brake.brake_key(settings(), name, address)
    with unit_of_work(None) as uow:
        wait = brake.count_try(uow.session, uow.now, key)
    if wait:
        raise TooManyAttempts(wait)
    session = db.session()
    user = session.execute(select(UserAccount).where(UserAccount.username == name)).scalar_one_or_none()
    # An absurdly long password is never right, and hashing it would only warm the room.
    fits = len(password) <= policy.MAX_PASSWORD
    right = matches(user.password_hash if user else None, password if fits else "") and fits
    session.expunge_all()
    if user and right:
        return user, key
    with unit_of_work(None) as uow:
        uow.audit("session.fail", "user", user.id if user else "unknown")
    return None, key


def _still(session: Session, known: UserAccount) -> UserAccount:
    """Lock the account whose password was just compared, and refuse if it changed in between."""
    user = session.scalars(_locking(select(UserAccount).where(UserAccount.id == known.id))).one()
    if user.password_hash != known.password_hash or not user.active:
        raise BadCredentials()
    return user


def _grant(uow: UnitOfWork, user: UserAccount, family: str) -> Granted:
    token = secrets.token_urlsafe(32)
    uow.session.add(
        RefreshToken(
            token_sha256=_digest(token),
            family=family,
            user_id=user.id,
            issued_at=uow.now,
            expires_at=uow.now + timedelta(days=settings().refresh_days),
            used_at=None,
            revoked_at=None,
        )
    )
    access, seconds = tokens.issue(settings(), uow.now, tokens.Claims(user.id, "full", family, None))
    return Granted(user, access, seconds, token)


def _opened(session: Session, token: str) -> tuple[RefreshToken, UserAccount] | None:
    """Return a refresh token that is not revoked, and its user, both locked.

    The user's row comes first, as everywhere: a suspension holds it too, and would otherwise wait for the token while
    the token's rotation waits for the user.
    """
    digest = _digest(token)
    owner = select(RefreshToken.user_id).where(RefreshToken.token_sha256 == digest).scalar_subquery()
    user = session.scalars(_locking(select(UserAccount).where(UserAccount.id == owner))).one_or_none()
    row = session.scalars(_locking(select(RefreshToken).where(RefreshToken.token_sha256 == digest))).one_or_none()
    return (row, user) if row and user and row.revoked_at is None else None


def _locking(query: Select[Row]) -> Select[Row]:
    return query.with_for_update().execution_options(populate_existing=True)


def _end_family(uow: UnitOfWork, family: str) -> None:
    ended = update(RefreshToken).where(RefreshToken.family == family, RefreshToken.revoked_at.is_(None))
    uow.session.execute(ended.values(revoked_at=uow.now))


def _forget_expired(uow: UnitOfWork, user_id: str) -> None:
    old = delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at < uow.now)
    uow.session.execute(old)


def _digest(token: str) -> str:
    # A plain hash is enough for 256 random bits: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
