"""Uploads: resumed where they broke off, safe only when the stored bytes were hashed, never twice."""

import hashlib
import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select

from demo.phone import TUS, Phone
from demo.pictures import picture
from demo.wire import Refused
from server.audit.models import AuditEvent
from server.blobs import LocalBlobStore
from server.config import Settings
from server.db import db, unit_of_work
from server.evidence import service
from server.evidence.models import Photo, Upload
from server.evidence.transfer import staging
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]
CONTENT = picture("TEST", 1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A limit that tests can pass with small photos."""
    return replace(settings, max_photo_bytes=len(CONTENT) + 10, max_body_bytes=len(CONTENT) - 10)


def code_of(refused: pytest.ExceptionInfo[Refused]) -> tuple[int, str]:
    return refused.value.answer.status, refused.value.answer.json["code"]


def head(phone: Phone, address: str) -> Mapping[str, str]:
    return phone.send("HEAD", address, TUS, None).headers


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def audited(action: str) -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == action)) or 0


def begun(phone: Phone, content: bytes = CONTENT) -> tuple[str, str, str]:
    report = phone.new_id()
    photo = phone.add_photo(report, content, "image/png")
    return report, photo, phone.begin_upload(report, photo, content, "image/png")


def test_the_server_says_what_it_can_do(client: FlaskClient, settings: Settings) -> None:
    found = client.options("/api/uploads")
    assert found.status_code == 204
    assert found.headers["Tus-Resumable"] == found.headers["Tus-Version"] == "1.0.0"
    assert found.headers["Tus-Extension"] == "creation,expiration"
    assert found.headers["Tus-Max-Size"] == str(settings.max_photo_bytes)


def test_p7_safe_is_said_only_with_the_hash_of_what_was_stored(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    _, _, address = begun(phone)
    assert "Holdfast-Sha256" not in head(phone, address)
    half = len(CONTENT) // 2
    assert "Holdfast-Sha256" not in phone.patch(address, 0, CONTENT[:half]).headers
    assert head(phone, address)["Upload-Offset"] == str(half)
    last = phone.patch(address, half, CONTENT[half:])
    assert last.headers["Holdfast-Sha256"] == SHA256
    assert head(phone, address)["Holdfast-Sha256"] == SHA256
    assert head(phone, address)["Upload-Offset"] == head(phone, address)["Upload-Length"] == str(len(CONTENT))


def test_a_part_at_another_offset_is_refused(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    _, _, address = begun(phone)
    phone.patch(address, 0, CONTENT[:100])
    for offset in (0, 99, 101):
        with pytest.raises(Refused) as refused:
            phone.patch(address, offset, CONTENT[offset : offset + 10])
        assert code_of(refused) == (409, "offset_mismatch")
        assert refused.value.answer.headers["Upload-Offset"] == "100"
    assert head(phone, address)["Upload-Offset"] == "100"


def test_bytes_with_another_hash_are_refused_and_asked_for_again(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, _, address = begun(phone)
    phone.push()
    wrong = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(Refused) as refused:
        phone.patch(address, 0, wrong)
    assert code_of(refused) == (460, "checksum_mismatch")
    assert refused.value.answer.headers["Upload-Offset"] == "0"
    assert head(phone, address)["Upload-Offset"] == "0"
    assert "Holdfast-Sha256" not in head(phone, address)
    assert count(Photo) == 0
    assert phone.pull()[0]["photos"] == []
    assert phone.patch(address, 0, CONTENT).headers["Holdfast-Sha256"] == SHA256
    assert [each["sha256"] for each in phone.pull()[0]["photos"] if each] == [SHA256]
    assert report in phone.copies


def test_p7_a_store_that_keeps_other_bytes_is_found_out(
    cast: Cast, phone_of: PhoneOf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was hashed on the way in is not what is hashed for the answer: the disk may have kept something else."""

    class Forgetful(LocalBlobStore):
        def put(self, sha256: str, source: BinaryIO) -> None:
            super().put(sha256, source)
            kept = settings.blob_dir / "sha256" / sha256[:2] / sha256
            kept.unlink()
            kept.write_bytes(b"other bytes")

    phone = phone_of(cast.officer)
    _, photo, address = begun(phone)
    phone.push()
    with monkeypatch.context() as patched:
        patched.setattr("server.evidence.transfer.blob_store", lambda: Forgetful(settings.blob_dir))
        with pytest.raises(Refused) as refused:
            phone.patch(address, 0, CONTENT)
    assert code_of(refused) == (410, "photo_lost")
    assert "Holdfast-Sha256" not in refused.value.answer.headers
    assert count(Photo) == 0
    assert phone.pull()[-1]["photos"] == []
    assert head(phone, address)["Holdfast-Sha256"] == SHA256
    assert [each["photo"] for each in phone.pull()[-1]["photos"]] == [photo]


def test_a_loss_that_was_mended_meanwhile_is_none(cast: Cast, phone_of: PhoneOf) -> None:
    """One request finds the bytes gone, another stores them again; whoever comes to the rows last looks again."""
    phone = phone_of(cast.officer)
    _, photo, address = begun(phone)
    phone.push()
    phone.patch(address, 0, CONTENT)
    with unit_of_work(None) as uow:
        assert not service.lose(uow, SHA256)
    assert [each["photo"] for each in phone.pull()[-1]["photos"]] == [photo]
    assert head(phone, address)["Holdfast-Sha256"] == SHA256
    assert audited("photo.lose") == 0


def test_p5_the_same_photo_twice_has_one_effect(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, photo, address = begun(phone)
    phone.push()
    assert phone.begin_upload(report, photo, CONTENT, "image/png") == address
    phone.patch(address, 0, CONTENT)
    seq = phone.pull()[0]["seq"]
    assert phone.begin_upload(report, photo, CONTENT, "image/png") == address
    replayed = phone.patch(address, len(CONTENT), b"")
    assert replayed.headers["Holdfast-Sha256"] == SHA256
    with pytest.raises(Refused) as refused:
        phone.patch(address, 0, CONTENT)
    assert code_of(refused) == (409, "offset_mismatch")
    assert (count(Photo), count(Upload)) == (1, 1)
    assert audited("photo.store") == 1
    assert phone.pull() == []
    assert phone.copies[report]["seq"] == seq


def test_p5_two_phones_of_one_officer_send_the_same_photo(cast: Cast, phone_of: PhoneOf) -> None:
    one, two = phone_of(cast.officer), phone_of(cast.officer)
    report, photo, address = begun(one)
    one.push()
    other = two.begin_upload(report, photo, CONTENT, "image/png")
    one.patch(address, 0, CONTENT)
    assert head(two, other)["Holdfast-Sha256"] == SHA256
    assert count(Photo) == 1
    assert len(one.pull()[-1]["photos"]) == 1


def test_a_stored_photo_cannot_become_another(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, photo, address = begun(phone)
    phone.patch(address, 0, CONTENT)
    with pytest.raises(Refused) as refused:
        phone.begin_upload(report, photo, picture("TEST", 2), "image/png")
    assert code_of(refused) == (409, "photo_differs")


@pytest.mark.parametrize("ops_first", [True, False])
def test_photo_and_ops_may_come_in_any_order(cast: Cast, phone_of: PhoneOf, ops_first: bool) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    photo = phone.add_photo(report, CONTENT, "image/png")
    if ops_first:
        phone.push()
    assert phone.upload(report, photo, CONTENT, "image/png") == SHA256
    if not ops_first:
        phone.push()
    copy = phone.pull()[-1]
    assert [(each["photo"], each["sha256"], each["size"]) for each in copy["photos"]] == [(photo, SHA256, len(CONTENT))]


def test_p10_an_upload_only_token_delivers_photos(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = phone.new_id()
    photo = phone.add_photo(report, CONTENT, "image/png")
    phone.sign_in_to_deliver()
    assert phone.upload(report, photo, CONTENT, "image/png") == SHA256
    phone.push()
    with pytest.raises(Refused) as refused:
        phone.call("GET", f"/api/reports/{report}/photos/{photo}")
    assert refused.value.answer.status == 403
    assert [each["photo"] for each in phone.sign_in().pull()[0]["photos"]] == [photo]


def test_a_photo_over_the_limit_is_refused_when_announced(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    with pytest.raises(Refused) as refused:
        begun(phone, CONTENT + b"x" * 11)
    assert code_of(refused) == (413, "too_large")
    assert count(Upload) == 0


def test_a_part_that_is_too_long_is_refused_before_it_is_read(
    client: FlaskClient, cast: Cast, phone_of: PhoneOf
) -> None:
    phone = phone_of(cast.officer)
    _, _, address = begun(phone)

    class Untouched(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readinto = readline = read1 = read  # type: ignore[assignment]

    for length in (len(CONTENT) + 1, len(CONTENT) + 1000):
        found = client.patch(
            address,
            headers={**TUS, "Authorization": f"Bearer {phone.token}", "Upload-Offset": "0"},
            content_type="application/offset+octet-stream",
            input_stream=Untouched(b"x" * length),
        )
        assert (found.status_code, found.json["code"]) == (413, "too_large")
    assert head(phone, address)["Upload-Offset"] == "0"


def test_two_writers_at_once_are_told_apart(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    _, _, address = begun(phone)
    with staging().locked(address.rpartition("/")[2]), pytest.raises(Refused) as refused:
        phone.patch(address, 0, CONTENT)
    assert code_of(refused) == (423, "upload_busy")
    assert phone.patch(address, 0, CONTENT).headers["Holdfast-Sha256"] == SHA256


def test_an_upload_whose_last_answer_was_lost_is_finished_by_asking(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server dies between the last byte and the record: all bytes are there, but nobody was told they are safe."""
    phone = phone_of(cast.officer)
    _, photo, address = begun(phone)
    phone.push()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr("server.evidence.transfer._finish", die)
        phone.patch(address, 0, CONTENT)
    assert count(Photo) == 0
    assert head(phone, address)["Holdfast-Sha256"] == SHA256
    assert [each["photo"] for each in phone.pull()[-1]["photos"]] == [photo]


def test_an_upload_left_too_long_is_gone_and_can_be_announced_again(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report, photo, address = begun(phone)
    phone.patch(address, 0, CONTENT[:100])
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=True):
        phone.sign_in()
        for method in ("HEAD", "PATCH"):
            headers = {**TUS, "Upload-Offset": "100", "Content-Type": "application/offset+octet-stream"}
            with pytest.raises(Refused) as refused:
                phone.send(method, address, headers, None)
            assert refused.value.answer.status == 410
        again = phone.begin_upload(report, photo, CONTENT, "image/png")
        assert again != address
        assert phone.patch(again, 0, CONTENT).headers["Holdfast-Sha256"] == SHA256


@pytest.mark.parametrize(
    ("method", "changed", "status", "code"),
    [
        ("POST", {"Tus-Resumable": "0.2.2"}, 412, "tus_version"),
        ("POST", {"Upload-Length": "x"}, 400, "bad_metadata"),
        ("POST", {"Upload-Metadata": "photo ???"}, 400, "bad_metadata"),
        ("PATCH", {"Tus-Resumable": ""}, 412, "tus_version"),
        ("PATCH", {"Content-Type": "application/json"}, 415, "content_type"),
        ("PATCH", {"Upload-Offset": "-1"}, 400, "bad_metadata"),
    ],
)
def test_what_is_not_the_protocol_gets_a_problem(
    cast: Cast, phone_of: PhoneOf, method: str, changed: dict[str, str], status: int, code: str
) -> None:
    phone = phone_of(cast.officer)
    _, _, address = begun(phone)
    good = {**TUS, "Upload-Length": "5", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    with pytest.raises(Refused) as refused:
        phone.send(method, address if method == "PATCH" else "/api/uploads", {**good, **changed}, b"")
    assert code_of(refused) == (status, code)
    assert refused.value.answer.headers["Tus-Resumable"] == "1.0.0"
    assert refused.value.answer.headers["Content-Type"] == "application/problem+json"
