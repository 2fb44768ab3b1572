"""One request of an upload, in phases: no database transaction is open while bytes come over a slow network."""

from datetime import UTC, datetime
from typing import IO

import structlog

from server.blobs import BlobMismatch, blob_store
from server.config import settings
from server.db import db, unit_of_work
from server.evidence import policy, service
from server.evidence.errors import ChecksumMismatch, OffsetMismatch, PhotoLost, UploadExpired
from server.evidence.schemas import Announcement, Progress, Transfer
from server.evidence.staging import Staging
from server.problems import TooLarge
from server.security import Actor

log = structlog.get_logger()


def staging() -> Staging:
    """Return the part files of the running application."""
    return Staging(settings().blob_dir)


def announce(actor: Actor, wanted: Announcement) -> str:
    """Return the id of the upload for a photo; see service.announce."""
    with unit_of_work(actor) as uow:
        upload = service.announce(uow, actor, wanted)
        # A new upload is the moment when room is wanted, so the remains of expired ones make way now.
        uow.after_commit(lambda: _make_way(uow.now - policy.UNFINISHED))
    return upload


def _make_way(before: datetime) -> None:
    removed = staging().forget_before(before)
    if removed:
        log.info("uploads_forgotten", files=removed)


def progress(actor: Actor, upload: str) -> Progress:
    """Return how far an upload came. One whose bytes are all here is finished first; one whose stored bytes are
    gone or changed begins again at 0. Raises NotFound, UploadExpired, UploadBusy, ChecksumMismatch.
    """
    transfer = _load(actor, upload)
    if transfer.complete:
        return _verified(actor, transfer)
    parts = staging()
    if parts.size(upload) < transfer.size:
        return Progress(parts.size(upload), transfer.size, transfer.expires)
    with parts.locked(upload):
        # Whoever held the lock before may have finished it.
        transfer = _load(actor, upload)
        return _verified(actor, transfer) if transfer.complete else _finish(actor, transfer, parts)


def receive(actor: Actor, upload: str, offset: int, body: IO[bytes], length: int | None) -> Progress:
    """Take the next part; finish the upload with its last byte. `length` is the announced length of this part.

    Raises NotFound, UploadExpired, UploadBusy, OffsetMismatch, TooLarge, ChecksumMismatch, StorageFull.
    """
    _load(actor, upload)
    parts = staging()
    with parts.locked(upload):
        transfer = _load(actor, upload)
        here = transfer.size if transfer.complete else parts.size(upload)
        if offset != here:
            raise OffsetMismatch(here)
        room = transfer.size - here
        if length is not None and length > room:
            raise TooLarge("The part is longer than the upload was announced to be.")
        if transfer.complete:
            return _verified(actor, transfer)
        parts.append(upload, body, room)
        here = parts.size(upload)
        if here < transfer.size:
            return Progress(here, transfer.size, transfer.expires)
        return _finish(actor, transfer, parts)


def _load(actor: Actor, upload: str) -> Transfer:
    """Read an upload's row and let the connection go: the bytes that follow may take minutes."""
    try:
        found = service.find(db.session(), actor, upload)
    finally:
        db.session.rollback()
    if not found.complete and found.expires <= datetime.now(UTC):
        raise UploadExpired()
    return found


def _finish(actor: Actor, transfer: Transfer, parts: Staging) -> Progress:
    """Move the bytes into the store, hash them anew from there, and only then record the photo (P7)."""
    store = blob_store()
    try:
        with parts.open(transfer.id) as source:
            store.put(transfer.sha256, source)
    except BlobMismatch:
        parts.restart(transfer.id)
        log.warning("upload_mismatch", upload=transfer.id, size=transfer.size)
        raise ChecksumMismatch() from None
    stored = store.digest(transfer.sha256)
    if stored != transfer.sha256:
        raise PhotoLost()
    with unit_of_work(actor) as uow:
        service.complete(uow, actor, transfer)
    parts.remove(transfer.id)
    return Progress(transfer.size, transfer.size, transfer.expires, stored)


def _verified(actor: Actor, transfer: Transfer) -> Progress:
    """Answer for a complete upload by hashing what is stored, now."""
    stored = blob_store().digest(transfer.sha256)
    if stored == transfer.sha256:
        return Progress(transfer.size, transfer.size, transfer.expires, stored)
    with unit_of_work(actor) as uow:
        service.lose(uow, transfer.sha256)
    staging().restart(transfer.id)
    return Progress(0, transfer.size, transfer.expires)
