"""The rules of evidence: who may add a photo to which report, when it counts as stored, who may see it."""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.blobs import blob_store
from server.bulk import among
from server.db import UnitOfWork, upsertable
from server.devices import service as devices
from server.evidence import policy
from server.evidence.errors import PhotoDiffers, UploadExpired
from server.evidence.models import Photo, Upload
from server.evidence.schemas import Announcement, Transfer, status
from server.evidence.signed import signed_hashes
from server.feed import service as feed
from server.problems import Forbidden, NotFound
from server.reports import service as reports
from server.security import Actor

log = structlog.get_logger()


def announce(uow: UnitOfWork, actor: Actor, wanted: Announcement) -> str:
    """Return the id of the upload for a photo: the one that was begun before, where there is one (P5).

    The report need not have arrived yet; if it has, it must be the actor's to write (else NotFound).
    Raises Forbidden, NotFound, PhotoDiffers.
    """
    if not policy.may_upload(actor):
        raise Forbidden("Only officers add photos to a report.")
    _check_report(uow.session, actor, wanted.report)
    mine = (Upload.report_id == wanted.report, Upload.photo_id == wanted.photo, Upload.uploader_id == actor.id)
    known = uow.session.scalars(select(Upload).where(*mine).order_by(Upload.created_at.desc())).all()
    if any(each.completed_at and each.sha256 != wanted.sha256 for each in known):
        raise PhotoDiffers()
    for each in known:
        same = (each.sha256, each.size, each.type) == (wanted.sha256, wanted.size, wanted.type)
        if same and (each.completed_at or each.expires_at > uow.now):
            return each.id
    upload = Upload(
        id=str(uuid.uuid4()),
        report_id=wanted.report,
        photo_id=wanted.photo,
        uploader_id=actor.id,
        device_id=actor.device,
        sha256=wanted.sha256,
        size=wanted.size,
        type=wanted.type,
        created_at=uow.now,
        expires_at=uow.now + policy.UNFINISHED,
    )
    uow.session.add(upload)
    uow.audit("upload.announce", "upload", upload.id, report=wanted.report, photo=wanted.photo, sha256=wanted.sha256)
    return upload.id


def _check_report(session: Session, actor: Actor, report: str) -> None:
    if reports.exists(session, report) and not reports.may_read(session, actor, report):
        raise NotFound("This report does not exist, or it is not yours.")


def find(session: Session, actor: Actor, upload: str) -> Transfer:
    """Return the actor's own upload. Raises NotFound, also for somebody else's."""
    found = session.get(Upload, upload, populate_existing=True)
    if found is None or found.uploader_id != actor.id:
        raise NotFound("There is no such upload. Announce the photo again.")
    return Transfer(
        id=found.id,
        report=found.report_id,
        photo=found.photo_id,
        uploader=found.uploader_id,
        device=found.device_id,
        sha256=found.sha256,
        size=found.size,
        type=found.type,
        expires=found.expires_at,
        complete=found.completed_at is not None,
    )


def complete(uow: UnitOfWork, actor: Actor, transfer: Transfer) -> None:
    """Record that a photo's bytes are stored and were read back equal. A repeat changes nothing (P5).

    The caller has just rehashed the stored bytes (P7). Raises NotFound where the report has meanwhile turned out to
    be someone else's.
    """
    _check_report(uow.session, actor, transfer.report)
    upload = uow.session.get(Upload, transfer.id, populate_existing=True, with_for_update=True)
    if upload is None:
        raise UploadExpired()
    upload.completed_at = upload.completed_at or uow.now
    if _record(uow, transfer):
        uow.audit(
            "photo.store",
            "photo",
            transfer.photo,
            report=transfer.report,
            sha256=transfer.sha256,
            size=transfer.size,
            device=transfer.device,
        )
        uow.publish(transfer.report)


def _record(uow: UnitOfWork, transfer: Transfer) -> bool:
    """Write the photo's row, or find it again after a loss; return whether that changed anything."""
    row = {
        "id": str(uuid.uuid4()),
        "report_id": transfer.report,
        "photo_id": transfer.photo,
        "uploader_id": transfer.uploader,
        "device_id": transfer.device,
        "sha256": transfer.sha256,
        "size": transfer.size,
        "type": transfer.type,
        "received_at": uow.now,
        "lost_at": None,
    }
    made = uow.session.execute(upsertable(uow.session, Photo).values(row).on_conflict_do_nothing().returning(Photo.id))
    if made.first() is not None:
        return True
    key = (
        Photo.report_id == transfer.report,
        Photo.photo_id == transfer.photo,
        Photo.uploader_id == transfer.uploader,
    )
    # Locked, since somebody may at this moment be noting that the bytes are lost, which would undo this silently.
    (known,) = _locked(uow.session, select(Photo).where(*key))
    if known.sha256 != transfer.sha256:
        raise PhotoDiffers()
    if known.lost_at is None:
        return False
    known.lost_at, known.received_at = None, uow.now
    return True


def lose(uow: UnitOfWork, sha256: str) -> bool:
    """Note that stored bytes cannot be read back: no report shows them as safe, and their phones are asked again.

    Returns False where somebody has stored them anew before this transaction had its locks: then nothing is lost.
    """
    # Uploads before photos, as in `complete`: two that lock in different orders would wait for each other.
    uploads = select(Upload).where(Upload.sha256 == sha256).order_by(Upload.id)
    photos = select(Photo).where(Photo.sha256 == sha256, Photo.lost_at.is_(None)).order_by(Photo.id)
    again, lost = (_locked(uow.session, each) for each in (uploads, photos))
    if blob_store().digest(sha256) == sha256:
        return False
    for photo in lost:
        photo.lost_at = uow.now
        uow.audit("photo.lose", "photo", photo.photo_id, report=photo.report_id, sha256=sha256)
        uow.publish(photo.report_id)
    for upload in again:
        upload.completed_at, upload.expires_at = None, uow.now + policy.UNFINISHED
    log.error("photo_lost", sha256=sha256)
    return True


def _locked(session: Session, rows: Select[Any]) -> Sequence[Any]:
    return session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()


def statuses(session: Session, report_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the stored photos of each report, for the feed."""
    return {report: [status(each) for each in photos] for report, photos in _stored(session, report_ids).items()}


def open_photo(uow: UnitOfWork, actor: Actor, report: str, photo: str) -> Photo:
    """Return a photo that the actor may see. Audited. Raises NotFound."""
    found = None
    if reports.may_read(uow.session, actor, report):
        stored = _stored(uow.session, [report]).get(report, [])
        found = next((each for each in stored if each.photo_id == photo), None)
    if found is None:
        raise NotFound("This photo does not exist, or it is not yours to see.")
    uow.audit("photo.open", "photo", photo, report=report, sha256=found.sha256)
    return found


def _stored(session: Session, report_ids: Sequence[str]) -> dict[str, list[Photo]]:
    """Return the photos that belong to each report, oldest first, each once however many phones sent it.

    Bytes can come before the report's ops, from anybody who knows its id, and the same id can come with other bytes.
    They belong only when their uploader is one of those who write the report, an op that stands has signed their
    hash, and they did not come from a device that was revoked by then: those are kept and stand aside, as its ops do.
    """
    rows = session.scalars(_KEPT, {"ids": list(report_ids)}).all()
    if not rows:
        return {}
    writers = feed.writers(session, sorted({each.report_id for each in rows}))
    revoked = devices.revocations(session, {each.device_id for each in rows if each.device_id})
    brought: dict[str, list[Photo]] = {}
    for each in rows:
        late = each.device_id in revoked and revoked[each.device_id] <= each.received_at
        if each.uploader_id in writers.get(each.report_id, ()) and not late:
            brought.setdefault(each.report_id, []).append(each)
    found: dict[str, dict[tuple[str, str], Photo]] = {}
    for report, photos in brought.items():
        hashes = signed_hashes(session, report, {each.photo_id for each in photos}, writers[report])
        for each in photos:
            if each.sha256 in hashes.get(each.photo_id, ()):
                found.setdefault(report, {}).setdefault((each.photo_id, each.sha256), each)
    return {report: list(photos.values()) for report, photos in found.items()}


_KEPT = (
    select(Photo).where(among(Photo.report_id, "ids"), Photo.lost_at.is_(None)).order_by(Photo.received_at, Photo.id)
)
