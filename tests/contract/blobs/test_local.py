"""The folder store passes the contract, and is as careful with the disk as it says."""

import os
import stat
from pathlib import Path

import pytest

from server import blobs
from server.blobs import LocalBlobStore
from tests.contract.blobs.contract import CONTENT, SHA256, BlobStoreContract, Damage, put


class TestLocalBlobStore(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalBlobStore:
        return LocalBlobStore(tmp_path / "blobs")

    @pytest.fixture
    def damage(self, tmp_path: Path) -> Damage:
        def change(sha256: str, content: bytes) -> None:
            path = tmp_path / "blobs" / "sha256" / sha256[:2] / sha256
            path.chmod(0o600)
            path.write_bytes(content)

        return change

    def test_a_stored_file_is_read_only(self, store: LocalBlobStore, tmp_path: Path) -> None:
        put(store, CONTENT)
        mode = (tmp_path / "blobs" / "sha256" / SHA256[:2] / SHA256).stat().st_mode
        assert not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IRWXO)

    def test_file_and_folders_are_synced_before_put_returns(
        self, store: LocalBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[Path] = []
        real = os.fsync

        def watch(handle: int) -> None:
            synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))
            real(handle)

        monkeypatch.setattr(blobs.os, "fsync", watch)
        put(store, CONTENT)
        root = tmp_path / "blobs"
        assert any(path.parent == root / "fresh" for path in synced), "the bytes"
        assert synced[-1] == root / "sha256" / SHA256[:2], "the name, last"
        assert {tmp_path, root, root / "sha256"} <= set(synced), "the folders that were made on the way"

    def test_nothing_is_left_beside_the_stored_file(self, store: LocalBlobStore, tmp_path: Path) -> None:
        put(store, CONTENT)
        put(store, CONTENT)
        files = [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
        assert files == [SHA256]

    def test_damaged_bytes_are_set_aside_not_deleted(
        self, store: LocalBlobStore, damage: Damage, tmp_path: Path
    ) -> None:
        put(store, CONTENT)
        damage(SHA256, b"other bytes")
        put(store, CONTENT)
        aside = list((tmp_path / "blobs" / "damaged").iterdir())
        assert [path.read_bytes() for path in aside] == [b"other bytes"]
