"""Who may add and see photos: those whose report it is. For everyone else there is nothing (P9)."""

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from demo.phone import TUS, Phone
from demo.pictures import picture
from demo.wire import Refused
from server.audit.models import AuditEvent
from server.config import Settings
from server.db import db
from server.evidence.models import Photo
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]
CONTENT = picture("TEST", 1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def reported(phone: Phone) -> tuple[str, str]:
    report = phone.new_id()
    phone.edit(report, {"address": "W 26th St"})
    photo = phone.add_photo(report, CONTENT, "image/png")
    phone.push()
    return report, photo


def status_of(call: Callable[[], object]) -> int:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.answer.status


def see(phone: Phone, report: str, photo: str) -> bytes:
    return phone.call("GET", f"/api/reports/{report}/photos/{photo}").body


def test_p1_the_desk_gets_the_original_bytes(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    officer.upload(report, photo, CONTENT, "image/png")
    found = desk.call("GET", f"/api/reports/{report}/photos/{photo}")
    assert found.body == CONTENT
    assert found.headers["Content-Type"] == "image/png"
    assert found.headers["Content-Length"] == str(len(CONTENT))
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Disposition"] == f'attachment; filename="{photo}.png"'
    assert found.headers["Cache-Control"] == "no-store"
    assert "sandbox" in found.headers["Content-Security-Policy"]
    assert found.headers["Holdfast-Sha256"] == SHA256


@pytest.mark.parametrize("who", ["partner", "officer_elsewhere", "desk_elsewhere"])
def test_somebody_else_s_photo_does_not_exist(cast: Cast, phone_of: PhoneOf, who: str) -> None:
    officer, other = phone_of(cast.officer), phone_of(getattr(cast, who))
    report, photo = reported(officer)
    address = officer.begin_upload(report, photo, CONTENT, "image/png")
    assert status_of(lambda: other.send("HEAD", address, TUS, None)) == 404
    assert status_of(lambda: other.patch(address, 0, CONTENT)) == 404
    officer.patch(address, 0, CONTENT)
    assert status_of(lambda: see(other, report, photo)) == 404
    assert status_of(lambda: see(other, report, officer.new_id())) == 404


@pytest.mark.parametrize("who", ["partner", "officer_elsewhere"])
def test_a_foreign_officer_cannot_add_to_a_report(cast: Cast, phone_of: PhoneOf, who: str) -> None:
    officer, other = phone_of(cast.officer), phone_of(getattr(cast, who))
    report, photo = reported(officer)
    assert status_of(lambda: other.begin_upload(report, photo, CONTENT, "image/png")) == 404
    other.sign_in_to_deliver()
    assert status_of(lambda: other.begin_upload(report, other.new_id(), CONTENT, "image/png")) == 404


def test_a_foreign_photo_that_came_before_the_report_does_not_join_it(cast: Cast, phone_of: PhoneOf) -> None:
    officer, other = phone_of(cast.officer), phone_of(cast.officer_elsewhere)
    report = officer.new_id()
    officer.edit(report, {"address": "W 26th St"})
    photo = officer.add_photo(report, CONTENT, "image/png")
    foreign = picture("DEMO", 9)
    other.upload(report, photo, foreign, "image/png")
    officer.push()
    assert officer.pull()[0]["photos"] == []
    assert status_of(lambda: see(officer, report, photo)) == 404
    assert officer.upload(report, photo, CONTENT, "image/png") == SHA256
    assert [each["sha256"] for each in officer.pull()[0]["photos"]] == [SHA256]
    assert see(officer, report, photo) == CONTENT
    assert status_of(lambda: see(other, report, photo)) == 404


def test_an_upload_begun_before_the_report_came_ends_where_the_report_is_another_s(
    cast: Cast, phone_of: PhoneOf
) -> None:
    officer, other = phone_of(cast.officer), phone_of(cast.officer_elsewhere)
    report = officer.new_id()
    address = other.begin_upload(report, other.new_id(), CONTENT, "image/png")
    officer.edit(report, {"address": "W 26th St"})
    officer.push()
    assert status_of(lambda: other.patch(address, 0, CONTENT)) == 404
    assert officer.pull()[0]["photos"] == []


def test_an_officer_named_on_the_report_adds_photos_and_they_stay(cast: Cast, phone_of: PhoneOf) -> None:
    officer, partner = phone_of(cast.officer), phone_of(cast.partner)
    report, _ = reported(officer)
    named = officer.add(report, "officers", {"star": cast.partner.star, "role": "assisting"})
    officer.push()
    partner.pull()
    photo = partner.add_photo(report, CONTENT, "image/png")
    partner.push()
    assert partner.upload(report, photo, CONTENT, "image/png") == SHA256
    officer.pull()
    officer.remove(report, named)
    officer.push()
    assert [each["photo"] for each in officer.pull()[-1]["photos"]] == [photo]
    assert see(officer, report, photo) == CONTENT


@pytest.mark.parametrize("ops_first", [True, False])
def test_other_bytes_under_a_photo_s_id_do_not_hide_it(cast: Cast, phone_of: PhoneOf, ops_first: bool) -> None:
    """Whoever is named on a report may upload to it, also under the id of a photo whose bytes are still on the way."""
    officer, partner, desk = phone_of(cast.officer), phone_of(cast.partner), phone_of(cast.desk)
    report = officer.new_id()
    officer.edit(report, {"address": "W 26th St"})
    officer.add(report, "officers", {"star": cast.partner.star, "role": "assisting"})
    officer.push()
    photo = officer.add_photo(report, CONTENT, "image/png")
    if ops_first:
        officer.push()
    partner.upload(report, photo, picture("DEMO", 9), "image/png")
    if not ops_first:
        officer.push()
    assert officer.pull()[-1]["photos"] == []
    assert status_of(lambda: see(desk, report, photo)) == 404
    officer.upload(report, photo, CONTENT, "image/png")
    assert [each["sha256"] for each in officer.pull()[-1]["photos"]] == [SHA256]
    assert see(desk, report, photo) == CONTENT


def test_a_photo_from_a_revoked_device_is_kept_and_shown_to_nobody(cast: Cast, phone_of: PhoneOf) -> None:
    officer, lost, desk = phone_of(cast.officer), phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    officer.call("POST", f"/api/devices/{lost.device}/revoke")
    assert lost.sign_in_to_deliver().upload(report, photo, CONTENT, "image/png") == SHA256
    assert officer.pull()[-1]["photos"] == []
    assert status_of(lambda: see(desk, report, photo)) == 404
    kept = db.session.scalars(select(Photo)).one()
    assert (kept.photo_id, kept.sha256, kept.device_id) == (photo, SHA256, lost.device)


def test_a_photo_for_which_only_a_revoked_device_signed_is_shown_to_nobody(cast: Cast, phone_of: PhoneOf) -> None:
    """Its session may still be open, and then the upload does not say which device it comes from."""
    officer, lost, desk = phone_of(cast.officer), phone_of(cast.officer), phone_of(cast.desk)
    report, _ = reported(officer)
    officer.call("POST", f"/api/devices/{lost.device}/revoke")
    photo = lost.add_photo(report, CONTENT, "image/png")
    lost.upload(report, photo, CONTENT, "image/png")
    assert lost.push()["receipts"][0]["reason"] == "revoked_device"
    assert officer.pull()[-1]["photos"] == []
    assert status_of(lambda: see(desk, report, photo)) == 404


def test_a_photo_that_came_before_its_device_was_revoked_stays(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    officer.sign_in_to_deliver().upload(report, photo, CONTENT, "image/png")
    officer.sign_in().call("POST", f"/api/devices/{officer.device}/revoke")
    assert see(desk, report, photo) == CONTENT


@pytest.mark.parametrize("who", ["desk", "supervisor"])
def test_a_desk_reads_and_does_not_add(cast: Cast, phone_of: PhoneOf, who: str) -> None:
    officer, desk = phone_of(cast.officer), phone_of(getattr(cast, who))
    report, _ = reported(officer)
    assert status_of(lambda: desk.begin_upload(report, desk.new_id(), CONTENT, "image/png")) == 403


@pytest.mark.parametrize("who", ["admin", "auditor"])
def test_an_admin_neither_reads_nor_adds(cast: Cast, phone_of: PhoneOf, app: Flask, who: str) -> None:
    officer = phone_of(cast.officer)
    report, photo = reported(officer)
    officer.upload(report, photo, CONTENT, "image/png")
    admin = Phone(transport=officer.transport, person=getattr(cast, who)).sign_in()
    assert status_of(lambda: see(admin, report, photo)) == 403
    assert status_of(lambda: admin.begin_upload(report, photo, CONTENT, "image/png")) == 403


def test_without_a_session_nothing(cast: Cast, phone_of: PhoneOf) -> None:
    officer = phone_of(cast.officer)
    report, photo = reported(officer)
    address = officer.begin_upload(report, photo, CONTENT, "image/png")
    officer.token = ""
    assert status_of(lambda: see(officer, report, photo)) == 401
    assert status_of(lambda: officer.patch(address, 0, CONTENT)) == 401
    assert status_of(lambda: officer.begin_upload(report, photo, CONTENT, "image/png")) == 401


def test_p13_storing_and_opening_a_photo_are_audited_without_content(cast: Cast, phone_of: PhoneOf) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    officer.upload(report, photo, CONTENT, "image/png")
    see(desk, report, photo)
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.subject == photo).order_by(AuditEvent.n)).all()
    assert [(each.action, each.actor) for each in events] == [
        ("photo.store", cast.officer.id),
        ("photo.open", cast.desk.id),
    ]


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_p12_opening_a_photo_that_the_store_lost_asks_its_phone_again(
    cast: Cast, phone_of: PhoneOf, settings: Settings, damage: str
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    officer.upload(report, photo, CONTENT, "image/png")
    officer.pull()
    stored = settings.blob_dir / "sha256" / SHA256[:2] / SHA256
    stored.unlink()
    if damage == "changed":
        stored.write_bytes(picture("DEMO", 9))
    assert status_of(lambda: see(desk, report, photo)) == 410
    assert [each["photos"] for each in officer.pull()] == [[]]
    assert status_of(lambda: see(desk, report, photo)) == 404
    assert officer.upload(report, photo, CONTENT, "image/png") == SHA256
    assert [each["photo"] for each in officer.pull()[0]["photos"]] == [photo]
    assert see(desk, report, photo) == CONTENT


def test_p12_a_photo_that_the_store_lost_is_asked_for_again(cast: Cast, phone_of: PhoneOf, settings: Settings) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report, photo = reported(officer)
    address = officer.begin_upload(report, photo, CONTENT, "image/png")
    officer.patch(address, 0, CONTENT)
    (settings.blob_dir / "sha256" / SHA256[:2] / SHA256).unlink()
    assert status_of(lambda: see(desk, report, photo)) == 410
    asked = officer.send("HEAD", address, TUS, None).headers
    assert asked["Upload-Offset"] == "0"
    assert "Holdfast-Sha256" not in asked
    assert officer.pull()[0]["photos"] == []
    assert officer.patch(address, 0, CONTENT).headers["Holdfast-Sha256"] == SHA256
    assert [each["photo"] for each in officer.pull()[0]["photos"]] == [photo]
    assert see(desk, report, photo) == CONTENT
