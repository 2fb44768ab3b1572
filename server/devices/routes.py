"""Devices over HTTP."""

from datetime import UTC, datetime
from typing import Any

from flask_smorest import Blueprint

from server.db import db, unit_of_work
from server.devices import policy, schemas, service
from server.devices.models import Device
from server.security import Permission, actor, requires

blp = Blueprint("devices", __name__, url_prefix="/api", description="Enrolled devices")


@blp.route("/devices", methods=["POST"])
@requires(Permission.SIGNED_IN)
@blp.arguments(schemas.NewDeviceSchema)
@blp.response(201, schemas.DeviceSchema)
@blp.alt_response(401, description="bad_assertion, assertion_spent or device_clock")
@blp.alt_response(409, description="key_taken")
def enrol(new: dict[str, Any]) -> Device:
    """Enrol the caller's device by its public key; the same key again returns the same device.

    Phones ask at every sign-in: a server that was restored to before the enrolment has forgotten them.
    """
    with unit_of_work(actor()) as uow:
        return service.enrol(uow, actor().id, new["name"], new["public_jwk"], new["assertion"])


@blp.route("/devices", methods=["GET"])
@requires(Permission.SIGNED_IN)
@blp.response(200, schemas.DevicesSchema)
def list_devices() -> dict[str, list[Device]]:
    """List the caller's devices; an admin sees all."""
    return {"devices": service.list_devices(db.session(), actor())}


@blp.route("/devices/<string:device_id>/revoke", methods=["POST"])
@requires(Permission.SIGNED_IN)
@blp.response(200, schemas.DeviceSchema)
def revoke(device_id: str) -> Device:
    """Revoke an own device, or as an admin any: what it still sends goes into quarantine."""
    with unit_of_work(actor()) as uow:
        return service.revoke(uow, actor(), device_id)


@blp.route("/devices/token", methods=["POST"])
@requires(Permission.PUBLIC)
@blp.arguments(schemas.AssertionSchema)
@blp.response(200, schemas.UploadTokenSchema)
@blp.alt_response(401, description="bad_assertion, assertion_spent or device_clock")
def token(given: dict[str, str]) -> dict[str, Any]:
    """Exchange a statement signed by the device for an upload-only token; works without a session."""
    with unit_of_work(None) as uow:
        access_token, expires_in, revoked = service.token_for(uow, given["assertion"])
    return {"access_token": access_token, "expires_in": expires_in, "revoked": revoked}


@blp.route("/devices/nonce", methods=["GET"])
@requires(Permission.PUBLIC)
@blp.response(200, schemas.NonceSchema)
def nonce() -> dict[str, Any]:
    """Return a nonce for the next statement, for devices whose clock may be wrong."""
    made = policy.make_nonce(service.nonce_key(), datetime.now(UTC))
    return {"nonce": made, "expires_in": int(policy.NONCE_LIFE.total_seconds())}
