"""Part files: the length is the offset, one writes at a time, nothing grows past what was announced."""

import errno
import io
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.exceptions import ClientDisconnected

from server.evidence.errors import StorageFull, UploadBusy
from server.evidence.staging import Staging
from server.problems import TooLarge

UPLOAD = "0198c1d2-0000-7000-8000-000000000001"


class Cut(io.BytesIO):
    """A sender whose connection breaks after its bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found:
            raise ConnectionResetError("gone")
        return found


@pytest.fixture
def parts(tmp_path: Path) -> Staging:
    return Staging(tmp_path)


def test_parts_follow_one_another(parts: Staging) -> None:
    assert parts.size(UPLOAD) == 0
    with parts.locked(UPLOAD):
        parts.append(UPLOAD, io.BytesIO(b"abc"), 6)
        parts.append(UPLOAD, io.BytesIO(b"def"), 3)
    assert parts.size(UPLOAD) == 6
    with parts.open(UPLOAD) as stored:
        assert stored.read() == b"abcdef"


def test_what_came_before_a_cut_is_kept(parts: Staging) -> None:
    with parts.locked(UPLOAD), pytest.raises(ClientDisconnected):
        parts.append(UPLOAD, Cut(b"abc"), 6)
    assert parts.size(UPLOAD) == 3


def test_a_part_that_is_too_long_leaves_nothing(parts: Staging) -> None:
    with parts.locked(UPLOAD):
        parts.append(UPLOAD, io.BytesIO(b"abc"), 6)
        with pytest.raises(TooLarge):
            parts.append(UPLOAD, io.BytesIO(b"defg"), 3)
    assert parts.size(UPLOAD) == 3


def test_a_full_disk_is_said_as_such(parts: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull from OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("server.evidence.staging._write", full)
    with parts.locked(UPLOAD), pytest.raises(StorageFull):
        parts.append(UPLOAD, io.BytesIO(b"abc"), 6)


def test_a_second_writer_is_turned_away_at_once(parts: Staging) -> None:
    with parts.locked(UPLOAD):
        with pytest.raises(UploadBusy), parts.locked(UPLOAD):
            pass
        with parts.locked("another"):
            pass
    with parts.locked(UPLOAD):
        pass


def _hold(folder: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with Staging(folder).locked(UPLOAD):
        ready.set()
        multiprocessing.Event().wait(60)


def test_a_writer_in_another_process_counts_and_its_death_lets_go(parts: Staging, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold, args=(tmp_path, ready))
    other.start()
    assert ready.wait(30)
    with pytest.raises(UploadBusy), parts.locked(UPLOAD):
        pass
    other.kill()
    other.join()
    with parts.locked(UPLOAD):
        pass


def test_an_upload_can_begin_again(parts: Staging) -> None:
    with parts.locked(UPLOAD):
        parts.append(UPLOAD, io.BytesIO(b"abc"), 6)
        parts.restart(UPLOAD)
    assert parts.size(UPLOAD) == 0


def test_only_what_nobody_wrote_to_for_long_is_forgotten(parts: Staging, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert parts.forget_before(now) == 0
    for upload in (UPLOAD, "old"):
        with parts.locked(upload):
            parts.append(upload, io.BytesIO(b"abc"), 6)
    for old in (tmp_path / "incoming").glob("old.*"):
        os.utime(old, (now.timestamp() - 100, now.timestamp() - 100))
    assert parts.forget_before(now - timedelta(seconds=50)) == 2
    assert (parts.size(UPLOAD), parts.size("old")) == (3, 0)


def test_a_finished_upload_leaves_nothing(parts: Staging, tmp_path: Path) -> None:
    with parts.locked(UPLOAD):
        parts.append(UPLOAD, io.BytesIO(b"abc"), 6)
        parts.remove(UPLOAD)
    assert list((tmp_path / "incoming").iterdir()) == []
