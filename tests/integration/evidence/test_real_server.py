"""Uploads over real HTTP, with several server processes: cut, killed, raced, too large."""

import hashlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.phone import TUS, Phone
from demo.stack import Stack
from demo.wire import Refused, http
from server.config import Settings
from tests.support.cast import Cast
from tests.support.databases import Database

SIZE = 24 * 1024 * 1024
CONTENT = hashlib.sha256(b"seed").digest() * (SIZE // 32)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def stack(cast: Cast, database: Database, settings: Settings, tmp_path: Path, cleanup: ExitStack) -> Iterator[Stack]:
    env = {"HOLDFAST_DATABASE_URL": database.url, "HOLDFAST_SECRET_KEY": settings.secret_key}
    found = Stack(tmp_path / "run", env, web_workers=2)
    cleanup.callback(found.stop)
    found.start_server()
    yield found
    # The database of this test goes away after it, so nobody may use it any more; the tests left nothing to finish.
    found.children.pop("web").kill()


@pytest.fixture
def phone(stack: Stack, cast: Cast) -> Phone:
    return Phone(transport=http(stack.url), person=cast.officer).sign_in().enrol()


def announced(phone: Phone) -> str:
    report = phone.new_id()
    photo = phone.add_photo(report, CONTENT, "image/jpeg")
    return phone.begin_upload(report, photo, CONTENT, "image/jpeg")


def open_patch(stack: Stack, phone: Phone, address: str, offset: int, length: int) -> socket.socket:
    """Send the head of a PATCH and leave the body to the test."""
    connection = socket.create_connection(("127.0.0.1", stack.port), timeout=30)
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {phone.token}\r\n"
        f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def answer_of(connection: socket.socket) -> tuple[str, str]:
    """Return head and body of the answer; the connection may stay open after it."""
    with connection.makefile("rb") as stream:
        head = "".join(iter(lambda: stream.readline().decode(), "\r\n"))
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        return head, stream.read(int(length[1]) if length else 0).decode()


def offset_of(phone: Phone, address: str) -> int:
    return int(phone.send("HEAD", address, TUS, None).headers["Upload-Offset"])


def eventually(check: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not check():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


def finish(phone: Phone, address: str) -> str:
    offset = offset_of(phone, address)
    return phone.patch(address, offset, CONTENT[offset:]).headers["Holdfast-Sha256"]


def test_an_upload_that_is_cut_goes_on_where_it_broke_off(stack: Stack, phone: Phone) -> None:
    address, sent = announced(phone), 9_000_001
    connection = open_patch(stack, phone, address, 0, SIZE)
    connection.sendall(CONTENT[:sent])
    connection.close()
    eventually(lambda: offset_of(phone, address) == sent)
    assert finish(phone, address) == SHA256


def test_an_upload_survives_the_server_s_sudden_death(stack: Stack, phone: Phone) -> None:
    address, sent = announced(phone), 9_000_001
    connection = open_patch(stack, phone, address, 0, SIZE)
    connection.sendall(CONTENT[:sent])
    eventually(lambda: offset_of(phone, address) > 8_000_000)
    stack.children.pop("web").kill()
    connection.close()
    stack.start_server()
    assert 8_000_000 < offset_of(phone, address) <= sent
    assert finish(phone, address) == SHA256


def test_a_second_writer_is_refused_while_the_first_is_at_it(stack: Stack, phone: Phone) -> None:
    """Several connections, so that both server processes are asked."""
    address, sent = announced(phone), 1024 * 1024
    connection = open_patch(stack, phone, address, 0, SIZE)
    connection.sendall(CONTENT[:sent])
    eventually(lambda: offset_of(phone, address) == sent)
    for _ in range(6):
        phone.transport = http(stack.url)
        with pytest.raises(Refused) as refused:
            phone.patch(address, sent, CONTENT[sent : sent + 100])
        assert (refused.value.answer.status, refused.value.answer.json["code"]) == (423, "upload_busy")
    connection.sendall(CONTENT[sent:])
    head, _ = answer_of(connection)
    assert head.startswith("HTTP/1.1 204")
    assert SHA256 in head


def test_a_body_over_the_limit_is_refused_before_a_byte_of_it_is_sent(stack: Stack, phone: Phone) -> None:
    address = announced(phone)
    for length in (SIZE + 1, 500 * 1024 * 1024):
        with open_patch(stack, phone, address, 0, length) as connection:
            head, body = answer_of(connection)
        assert head.startswith("HTTP/1.1 413")
        assert json.loads(body)["code"] == "too_large"


def test_the_server_s_memory_does_not_grow_with_the_photo(stack: Stack, phone: Phone) -> None:
    """The photo is twice as large as all that a server process may need for its first upload."""
    photo = CONTENT * 2
    address = phone.begin_upload(phone.new_id(), phone.new_id(), photo, "image/jpeg")
    before = peaks(stack)
    phone.patch(address, 0, photo)
    grown = {pid: peak - before[pid] for pid, peak in peaks(stack).items() if pid in before}
    assert grown
    assert max(grown.values()) < len(photo) // 2


def peaks(stack: Stack) -> dict[int, int]:
    """Return the peak memory of each server process, in bytes."""
    found: dict[int, int] = {}
    parent = stack.children["web"].process.pid
    for task in Path(f"/proc/{parent}/task").iterdir():
        for pid in (task / "children").read_text().split():
            peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            assert peak
            found[int(pid)] = int(peak[1]) * 1024
    return found
