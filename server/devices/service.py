"""Devices: enrol, list, revoke, and let a device deliver on its signature alone.

A device whose user cannot or may not sign in still holds evidence. Its key buys a token that can push and upload and
never read. That holds for a revoked device too: the feed quarantines what it sends (`DeviceKey.revoked`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.bulk import among
from server.db import UnitOfWork, upsertable
from server.devices import policy
from server.devices.errors import AssertionSpent, BadAssertion, BadKey, KeyTaken
from server.devices.models import Device, SpentAssertion
from server.problems import NotFound
from server.security import Actor, DeviceKey, Permission, can_be_id, permissions


def enrol(uow: UnitOfWork, user_id: str, name: str, jwk: dict[str, Any], assertion: str | None = None) -> Device:
    """Enrol a key for a user. The same key for the same user again returns the device that it already is (P5).

    `assertion` is signed by the device under the id that it was given before, which a restored server may have
    forgotten. Raises BadKey, KeyTaken when the key is another user's or its device was revoked, and what `_believe`
    raises.
    """
    given = " ".join(name.split())
    if not 1 <= len(given) <= 80 or not given.isprintable():
        raise BadKey("Give the device a name of 1 to 80 printable characters.")
    key = policy.public_jwk(jwk)
    print_ = policy.thumbprint(key)
    known = uow.session.execute(select(Device).where(Device.thumbprint == print_)).scalar_one_or_none()
    if known:
        if known.user_id != user_id or known.revoked_at:
            raise KeyTaken()
        return known
    device = Device(
        id=_id_for(uow, key, print_, assertion),
        user_id=user_id,
        name=given,
        public_jwk=key,
        thumbprint=print_,
        enrolled_at=uow.now,
        revoked_at=None,
    )
    uow.session.add(device)
    try:
        uow.session.flush()
    except IntegrityError as taken:
        raise KeyTaken("The key was enrolled this very moment. Ask for your devices again.") from taken
    uow.audit("device.enrol", "device", device.id, user=user_id, thumbprint=print_)
    return device


def list_devices(session: Session, actor: Actor) -> list[Device]:
    """Return the actor's devices, or everybody's to who manages devices; the newest first."""
    wanted = select(Device).order_by(Device.enrolled_at.desc(), Device.id)
    if not _manages(actor):
        wanted = wanted.where(Device.user_id == actor.id)
    return list(session.scalars(wanted))


def revoke(uow: UnitOfWork, actor: Actor, device_id: str) -> Device:
    """Revoke a device: its own user may, after losing it, and who manages devices. Repeating it changes nothing.

    Raises NotFound, also for somebody else's device, so that ids tell nothing.
    """
    if not can_be_id(device_id):
        raise NotFound("There is no such device.")
    row = select(Device).where(Device.id == device_id).with_for_update()
    device = uow.session.execute(row.execution_options(populate_existing=True)).scalar_one_or_none()
    if device is None or not (device.user_id == actor.id or _manages(actor)):
        raise NotFound("There is no such device.")
    if device.revoked_at is None:
        device.revoked_at = uow.now
        uow.audit("device.revoke", "device", device.id, user=device.user_id)
    return device


def token_for(uow: UnitOfWork, assertion: str) -> tuple[str, int, bool]:
    """Exchange a device's signed statement for an upload-only token, its life in seconds, and whether it is revoked.

    A revoked device learns here that it is: it still delivers, and what it sends is kept in quarantine. Nothing on it
    is erased from here. Each statement works once. Raises BadAssertion, AssertionSpent, DeviceClock, and LoginRequired
    for a suspended account.
    """
    device = uow.session.get(Device, policy.claimed_device(assertion))
    if device is None:
        raise BadAssertion()
    _believe(uow, assertion, device.id, device.public_jwk)
    uow.actor = accounts.actor_of(accounts.find(uow.session, device.user_id), device.id, upload_only=True)
    token, seconds = accounts.issue_upload_token(uow, device.user_id, device.id)
    revoked = device.revoked_at is not None
    uow.audit("device.token", "device", device.id, revoked=revoked)
    return token, seconds, revoked


def nonce_key() -> bytes:
    """Return the key under which this server seals nonces."""
    return accounts.key_for("device-nonce")


def keys(session: Session, ids: Iterable[str]) -> dict[str, DeviceKey]:
    """Return {device id: DeviceKey} for checking signatures; revoked devices are in it, and say so."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(_KEYS, {"ids": list(wanted)})
    return {id: DeviceKey(user, json.dumps(jwk), revoked is not None) for id, user, jwk, revoked in rows}


def revocations(session: Session, ids: Iterable[str]) -> dict[str, datetime]:
    """Return {device id: when it was revoked} of those that were."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(
        select(Device.id, Device.revoked_at).where(Device.id.in_(wanted), Device.revoked_at.is_not(None))
    )
    return {id: revoked for id, revoked in rows if revoked}


def devices(session: Session, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return {device id: {name}} for showing where something was written."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(select(Device.id, Device.name).where(Device.id.in_(wanted)))
    return {id: {"name": name} for id, name in rows}


def _manages(actor: Actor) -> bool:
    return Permission.MANAGE_DEVICES in permissions(actor)


def _id_for(uow: UnitOfWork, key: dict[str, str], print_: str, assertion: str | None) -> str:
    """Return the id for a key that is not known: its own, or a free one that its phone had from an earlier version."""
    claimed = policy.claimed_device(assertion) if assertion else ""
    if not assertion or not policy.was_drawn(claimed) or uow.session.get(Device, claimed) is not None:
        return policy.device_id(print_)
    _believe(uow, assertion, claimed, key)
    return claimed


def _believe(uow: UnitOfWork, assertion: str, device: str, jwk: Mapping[str, str]) -> None:
    """Take a device's statement once. Raises BadAssertion, AssertionSpent, DeviceClock.

    Of two that arrive together, the primary key lets one through.
    """
    said = policy.believe(assertion, device, jwk, uow.now, nonce_key())
    # Skipping what others hold keeps two that tidy up at once from waiting for each other.
    old = select(SpentAssertion.sha256).where(SpentAssertion.forget_at < uow.now).with_for_update(skip_locked=True)
    uow.session.execute(delete(SpentAssertion).where(SpentAssertion.sha256.in_(old)))
    digest = hashlib.sha256(f"{said.device}\0{said.jti}".encode()).hexdigest()
    row = upsertable(uow.session, SpentAssertion).values(sha256=digest, forget_at=uow.now + policy.REMEMBERED)
    taken = row.on_conflict_do_nothing(index_elements=["sha256"]).returning(SpentAssertion.sha256)
    if uow.session.execute(taken).first() is None:
        raise AssertionSpent()


_DEVICES = cast("Table", Device.__table__)
_KEYS = select(_DEVICES.c.id, _DEVICES.c.user_id, _DEVICES.c.public_jwk, _DEVICES.c.revoked_at).where(
    among(_DEVICES.c.id, "ids")
)
