"""HTTP of photos: tus 1.0 (core, creation, expiration) in, original bytes out."""

import re
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any, BinaryIO

from flask import Response, request
from flask_smorest import Blueprint

from server.blobs import CHUNK, BlobMissing, blob_store
from server.config import settings
from server.db import unit_of_work
from server.evidence import service, transfer
from server.evidence.errors import BadMetadata, PhotoLost, WrongContentType, WrongProtocol
from server.evidence.policy import TYPES
from server.evidence.schemas import Progress, read_announcement
from server.security import Permission, actor, requires

blp = Blueprint("evidence", __name__, url_prefix="/api", description="Photos: resumable uploads, original bytes")
TUS = "1.0.0"
_OFFSET = re.compile(r"[0-9]{1,15}\Z")


@blp.url_value_preprocessor
def allow_photo_bodies(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the limit of the body for parts of photos. It must happen before the check of the announced length."""
    if endpoint == "evidence.continue_upload":
        request.max_content_length = settings().max_photo_bytes


@blp.after_request
def name_protocol(response: Response) -> Response:
    """Say on every answer, errors too, which protocol is spoken (tus 1.0.0, Headers)."""
    if request.path.startswith("/api/uploads"):
        response.headers["Tus-Resumable"] = TUS
        if request.method == "OPTIONS" or response.status_code == 412:
            response.headers["Tus-Version"] = TUS
    return response


@blp.route("/uploads", methods=["OPTIONS"])
@requires(Permission.PUBLIC)
@blp.alt_response(204, description="Tus-Version, Tus-Extension and Tus-Max-Size")
def describe_uploads() -> Response:
    """Say what the upload server can do."""
    return Response(
        status=204,
        headers={"Tus-Extension": "creation,expiration", "Tus-Max-Size": str(settings().max_photo_bytes)},
    )


@blp.route("/uploads", methods=["POST"])
@requires(Permission.DELIVER)
@blp.alt_response(201, description="Location of the upload: a new one, or the one that was begun for this photo")
@blp.alt_response(413, description="too_large")
@blp.alt_response(415, description="photo_type")
def announce_upload() -> Response:
    """Announce a photo: `Upload-Length` and `Upload-Metadata` with photo, report, sha256 and type."""
    _check_protocol()
    headers = request.headers
    limit = settings().max_photo_bytes
    wanted = read_announcement(headers.get("Upload-Length"), headers.get("Upload-Metadata"), limit)
    upload = transfer.announce(actor(), wanted)
    return Response(status=201, headers={"Location": f"/api/uploads/{upload}"})


@blp.route("/uploads/<uuid:upload>", methods=["HEAD"])
@requires(Permission.DELIVER)
@blp.alt_response(200, description="Upload-Offset; Holdfast-Sha256 once the stored bytes were hashed and are equal")
@blp.alt_response(410, description="upload_expired")
def read_upload(upload: object) -> Response:
    """Say how far an upload came."""
    _check_protocol()
    return _answer(transfer.progress(actor(), str(upload)), 200)


@blp.route("/uploads/<uuid:upload>", methods=["PATCH"])
@requires(Permission.DELIVER)
@blp.alt_response(204, description="Upload-Offset; Holdfast-Sha256 once the stored bytes were hashed and are equal")
@blp.alt_response(409, description="offset_mismatch")
@blp.alt_response(410, description="upload_expired")
@blp.alt_response(413, description="too_large")
@blp.alt_response(423, description="upload_busy")
@blp.alt_response(460, description="checksum_mismatch")
def continue_upload(upload: object) -> Response:
    """Take the next bytes of an upload, from `Upload-Offset` on."""
    _check_protocol()
    if request.mimetype != "application/offset+octet-stream":
        raise WrongContentType()
    offset = request.headers.get("Upload-Offset", "")
    if not _OFFSET.match(offset):
        raise BadMetadata("Upload-Offset says, in bytes, where this part begins.")
    body, length = request.stream, request.content_length
    return _answer(transfer.receive(actor(), str(upload), int(offset), body, length), 204)


@blp.route("/reports/<uuid:report>/photos/<uuid:photo>", methods=["GET"])
@requires(Permission.READ_FEED)
@blp.alt_response(200, description="The original bytes", content_type="image/*")
@blp.alt_response(410, description="photo_lost")
def read_photo(report: object, photo: object) -> Response:
    """Return a photo's original bytes."""
    with unit_of_work(actor()) as uow:
        found = service.open_photo(uow, actor(), str(report), str(photo))
        sha256, size, kind = found.sha256, found.size, found.type
    stored = _readable(sha256)
    response = Response(_chunks(stored), content_type=kind, direct_passthrough=True)
    response.call_on_close(stored.close)
    response.headers.update(
        {
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="{photo}.{TYPES[kind]}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Holdfast-Sha256": sha256,
        }
    )
    return response


def _readable(sha256: str) -> BinaryIO:
    """Open stored bytes that are still what they were. Where they are not, ask their phones again. Raises PhotoLost."""
    try:
        # Hashed before the first byte goes out: whoever reads evidence must not get other bytes under its hash.
        if blob_store().digest(sha256) == sha256:
            return blob_store().open(sha256)
    except BlobMissing:
        pass  # gone between the two calls, which is the same as before them
    with unit_of_work(None) as uow:
        service.lose(uow, sha256)
    raise PhotoLost()


def _check_protocol() -> None:
    if request.headers.get("Tus-Resumable") != TUS:
        raise WrongProtocol()


def _answer(found: Progress, status: int) -> Response:
    headers = {
        "Upload-Offset": str(found.offset),
        "Upload-Length": str(found.size),
        "Upload-Expires": format_datetime(found.expires, usegmt=True),
        "Cache-Control": "no-store",
    }
    if found.sha256:
        headers["Holdfast-Sha256"] = found.sha256
    return Response(status=status, headers=headers)


def _chunks(stored: BinaryIO) -> Iterator[bytes]:
    while chunk := stored.read(CHUNK):
        yield chunk
