"""What every blob store must do. The test class of a store gives the fixtures `store` and `damage`."""

import hashlib
import io
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import pytest

from server.blobs import BlobMismatch, BlobMissing, BlobStore

Damage = Callable[[str, bytes], None]
CONTENT = b"original bytes \x00\xff" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOWHERE = hashlib.sha256(b"never stored").hexdigest()


class Breaking(io.BytesIO):
    """A source that fails on the way, as a disk or a network does."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 100:
            raise OSError("broken on the way")
        return super().read(101)


class Endless(io.RawIOBase):
    """A source of many zero bytes that needs no memory itself."""

    def __init__(self, size: int):
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "a store must read in parts"
        given = min(size, self.left)
        self.left -= given
        return b"\x00" * given


def put(store: BlobStore, content: bytes, sha256: str | None = None) -> None:
    store.put(sha256 or hashlib.sha256(content).hexdigest(), io.BytesIO(content))


class BlobStoreContract:
    def test_p1_what_was_put_comes_back_byte_for_byte(self, store: BlobStore) -> None:
        put(store, CONTENT)
        with store.open(SHA256) as stored:
            assert stored.read() == CONTENT

    def test_the_digest_is_computed_from_what_is_stored(self, store: BlobStore, damage: Damage) -> None:
        put(store, CONTENT)
        assert store.digest(SHA256) == SHA256
        damage(SHA256, b"other bytes")
        assert store.digest(SHA256) == hashlib.sha256(b"other bytes").hexdigest()

    def test_an_unknown_hash_is_missing(self, store: BlobStore) -> None:
        assert store.digest(NOWHERE) is None
        with pytest.raises(BlobMissing):
            store.open(NOWHERE)

    def test_p5_putting_twice_has_one_effect(self, store: BlobStore) -> None:
        put(store, CONTENT)
        put(store, CONTENT)
        assert store.digest(SHA256) == SHA256

    def test_many_at_once_have_one_effect(self, store: BlobStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: put(store, CONTENT), range(16)))
        assert store.digest(SHA256) == SHA256

    def test_bytes_under_another_hash_are_refused_and_leave_nothing(self, store: BlobStore) -> None:
        with pytest.raises(BlobMismatch):
            put(store, CONTENT, NOWHERE)
        assert store.digest(NOWHERE) is None

    def test_wrong_bytes_do_not_touch_what_is_stored(self, store: BlobStore) -> None:
        put(store, CONTENT)
        with pytest.raises(BlobMismatch):
            put(store, b"other bytes", SHA256)
        assert store.digest(SHA256) == SHA256

    def test_a_source_that_breaks_leaves_nothing(self, store: BlobStore) -> None:
        with pytest.raises(OSError, match="on the way"):
            store.put(SHA256, Breaking(CONTENT))
        assert store.digest(SHA256) is None

    def test_damaged_bytes_are_replaced_by_whole_ones(self, store: BlobStore, damage: Damage) -> None:
        put(store, CONTENT)
        damage(SHA256, b"other bytes")
        put(store, CONTENT)
        assert store.digest(SHA256) == SHA256

    @pytest.mark.parametrize("name", ["", "../escape", SHA256.upper(), SHA256[:-1], SHA256 + "\n"])
    def test_only_a_hash_is_an_address(self, store: BlobStore, name: str) -> None:
        with pytest.raises(ValueError, match="address"):
            store.open(name)

    def test_nothing_at_all_can_be_stored_too(self, store: BlobStore) -> None:
        put(store, b"")
        assert store.digest(hashlib.sha256(b"").hexdigest()) == hashlib.sha256(b"").hexdigest()

    def test_memory_does_not_grow_with_the_size(self, store: BlobStore) -> None:
        size = 32 * 1024 * 1024
        source: IO[bytes] = Endless(size)  # type: ignore[assignment]
        expected = hashlib.sha256()
        for _ in range(32):
            expected.update(b"\x00" * (size // 32))
        tracemalloc.start()
        store.put(expected.hexdigest(), source)  # type: ignore[arg-type]
        assert store.digest(expected.hexdigest()) == expected.hexdigest()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 * 1024 * 1024
