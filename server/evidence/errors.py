"""Errors of the evidence, each with a stable code."""

from server.problems import Conflict, Malformed, Problem


class BadMetadata(Malformed):
    code, title = "bad_metadata", "The upload was announced without what it must say"
    hint = "Upload-Metadata needs photo, report, sha256 and type, each in base64; Upload-Length the size in bytes."


class WrongProtocol(Problem):
    status, code, title, retry = 412, "tus_version", "This version of the upload protocol is not spoken here", "never"
    hint = "Send `Tus-Resumable: 1.0.0`."


class WrongContentType(Problem):
    status, code, title, retry = 415, "content_type", "A part of an upload has another content type", "never"
    hint = "Send `Content-Type: application/offset+octet-stream`."


class TypeNotAllowed(Problem):
    status, code, title, retry = 415, "photo_type", "Files of this type are not taken as photos", "never"
    hint = "Take the photo again in the app, or choose a JPEG, PNG, HEIC or WebP file."


class PhotoDiffers(Conflict):
    code, title = "photo_differs", "Other bytes were stored for this photo before"
    hint = "A photo is written once. Add the new picture as a photo of its own."


class OffsetMismatch(Problem):
    status, code, title, retry = 409, "offset_mismatch", "The part does not follow what is stored", "backoff"
    hint = "Ask with HEAD how far the upload came and go on from there."

    def __init__(self, offset: int):
        super().__init__(headers={"Upload-Offset": str(offset)})


class UploadExpired(Problem):
    status, code, title, retry = 410, "upload_expired", "The upload was left unfinished too long", "backoff"
    hint = "Announce the photo again; it is still on the phone."


class UploadBusy(Problem):
    status, code, title, retry = 423, "upload_busy", "Another request is writing to this upload", "backoff"
    hint = "Wait a moment and ask with HEAD how far the upload came."


class ChecksumMismatch(Problem):
    status, code, title, retry = 460, "checksum_mismatch", "The bytes that came are not the photo's", "backoff"
    hint = "Nothing was kept of them. Send the photo again from the beginning."

    def __init__(self) -> None:
        super().__init__(headers={"Upload-Offset": "0"})


class PhotoLost(Problem):
    status, code, title, retry = 410, "photo_lost", "The server cannot read its copy of this photo", "backoff"
    hint = "The phone that took it sends it again when it can; tell the operator, who can verify the store."


class StorageFull(Problem):
    status, code, title, retry = 507, "storage_full", "The server has no room for the photo", "backoff"
    hint = "The photo stays on the phone and is sent again later. Tell the operator."
