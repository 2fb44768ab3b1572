"""Part files: what came so far of each unfinished upload.

The length of the file is the offset. Nothing else says how far an upload came, so nothing can disagree with it
after a crash; whether the bytes are right is decided by their hash at the end.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from werkzeug.exceptions import ClientDisconnected

from server.blobs import CHUNK
from server.evidence.errors import StorageFull, UploadBusy
from server.problems import TooLarge


class Staging:
    """The part files in one folder, shared by all web processes of a machine."""

    def __init__(self, blob_dir: Path):
        self._folder = blob_dir / "incoming"

    def size(self, upload: str) -> int:
        """Return how many bytes of an upload are here."""
        try:
            return self._part(upload).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def locked(self, upload: str) -> Iterator[None]:
        """Let one request at a time write to an upload; a process that dies lets go. Raises UploadBusy."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock(upload).open("wb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy() from None
            yield

    def append(self, upload: str, source: IO[bytes], room: int) -> None:
        """Add up to `room` bytes, synced before returning, also when the sender breaks off; under the lock.

        Raises TooLarge (nothing of this part is kept), ClientDisconnected (what came is kept), StorageFull.
        """
        with self._part(upload).open("ab", buffering=0) as part:
            begin = os.fstat(part.fileno()).st_size
            try:
                while chunk := _read(source, min(CHUNK, room + 1)):
                    room -= len(chunk)
                    if room < 0:
                        part.truncate(begin)
                        raise TooLarge("The part is longer than the upload was announced to be.")
                    _write(part, chunk)
            finally:
                os.fsync(part.fileno())

    def open(self, upload: str) -> BinaryIO:
        return self._part(upload).open("rb")

    def restart(self, upload: str) -> None:
        """Forget the bytes of an upload; it begins again at 0."""
        self._part(upload).unlink(missing_ok=True)

    def remove(self, upload: str) -> None:
        """Remove what an upload left here."""
        self._part(upload).unlink(missing_ok=True)
        self._lock(upload).unlink(missing_ok=True)

    def forget_before(self, moment: datetime) -> int:
        """Remove what nobody wrote to since a moment; return how many files that were. Its uploads have expired."""
        if not self._folder.is_dir():
            return 0
        old = [each for each in self._folder.iterdir() if each.stat().st_mtime < moment.timestamp()]
        for each in old:
            each.unlink(missing_ok=True)
        return len(old)

    def _part(self, upload: str) -> Path:
        return self._folder / f"{upload}.part"

    def _lock(self, upload: str) -> Path:
        return self._folder / f"{upload}.lock"


def _read(source: IO[bytes], wanted: int) -> bytes:
    try:
        return source.read(wanted)
    except OSError:
        # A broken connection, whatever the server's layer calls it, must not look like a fault of the disk.
        raise ClientDisconnected() from None


def _write(part: IO[bytes], chunk: bytes) -> None:
    left = memoryview(chunk)
    try:
        while left:
            left = left[part.write(left) :]
    except OSError as failed:
        if failed.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull() from failed
        raise
