"""Where evidence lies: original bytes, addressed by their SHA-256, written once and never over.

`BlobStore` is the seam: a folder here, an object store with retention in a larger deployment. Every store passes the
contract suite in tests/contract/blobs.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog

from server.config import settings

log = structlog.get_logger()
CHUNK = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class BlobMissing(Exception):
    """The store has no bytes under this hash."""


class BlobMismatch(Exception):
    """The bytes that were offered do not have the hash they were offered under; nothing was stored."""


class BlobStore(Protocol):
    """Bytes by hash. Callers may be many, in several processes; no call needs a lock of theirs."""

    def put(self, sha256: str, source: BinaryIO) -> None:
        """Store what `source` gives, durably, before returning; memory use does not grow with the size.

        Putting bytes that are there already changes nothing. Raises BlobMismatch.
        """

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes for reading; the caller closes. Raises BlobMissing."""

    def digest(self, sha256: str) -> str | None:
        """Return the hash computed anew from the stored bytes, or None where there are none (P7)."""


def blob_store() -> BlobStore:
    """Return the store that the settings name."""
    return LocalBlobStore(settings().blob_dir)


class LocalBlobStore:
    """A folder: `<root>/sha256/<first two digits>/<hash>`, each file read-only and synced with its folder."""

    def __init__(self, root: Path):
        self._root = root / "sha256"
        self._fresh = root / "fresh"
        self._damaged = root / "damaged"

    def put(self, sha256: str, source: BinaryIO) -> None:
        final = self._path(sha256)
        with self._written(sha256, source) as fresh:
            _make_folder(final.parent)
            try:
                # A link, unlike a rename, fails where the name is taken: what is stored is never written over.
                os.link(fresh, final)
            except FileExistsError:
                if self.digest(sha256) != sha256:
                    self._set_aside(final)
                    os.link(fresh, final)
            sync_folder(final.parent)

    def open(self, sha256: str) -> BinaryIO:
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissing(sha256) from None

    def digest(self, sha256: str) -> str | None:
        try:
            with self.open(sha256) as stored:
                return sha256_of(stored)
        except BlobMissing:
            return None

    def _path(self, sha256: str) -> Path:
        if not _SHA256.match(sha256):
            raise ValueError("a blob's address is a SHA-256 in lower-case hexadecimal")
        return self._root / sha256[:2] / sha256

    @contextmanager
    def _written(self, sha256: str, source: BinaryIO) -> Iterator[Path]:
        """Lend a synced file with the source's bytes, checked; the name goes away afterwards, links to it stay."""
        _make_folder(self._fresh)
        fresh = self._fresh / str(uuid.uuid4())
        try:
            found = hashlib.sha256()
            with fresh.open("xb") as target:
                while chunk := source.read(CHUNK):
                    found.update(chunk)
                    target.write(chunk)
                if found.hexdigest() != sha256:
                    raise BlobMismatch(sha256)
                os.fchmod(target.fileno(), 0o440)
                target.flush()
                os.fsync(target.fileno())
            yield fresh
        finally:
            fresh.unlink(missing_ok=True)

    def _set_aside(self, final: Path) -> None:
        """Move a file whose bytes no longer fit its name out of the way; even damaged evidence is not deleted."""
        _make_folder(self._damaged)
        aside = self._damaged / f"{final.name}.{uuid.uuid4()}"
        os.rename(final, aside)
        sync_folder(self._damaged)
        log.error("blob_damaged", sha256=final.name)


def sha256_of(source: BinaryIO) -> str:
    """Return the SHA-256 of what is left to read, in hexadecimal, in bounded memory."""
    found = hashlib.sha256()
    while chunk := source.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable; syncing a file alone does not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, each made durable in the one above."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o750)
    sync_folder(folder.parent)
