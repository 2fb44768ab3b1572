"""A database in which everything has happened that a walk must understand."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from demo.phone import Phone
from server.db import db, unit_of_work
from server.devices import service as devices
from server.feed import interpret, service
from server.feed.service import Push
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
NOTE = "The van came from the south. Two men got out. They spoke to the vendor. Nobody was hurt. The van left."


@dataclass(frozen=True)
class History:
    """Who wrote, and the reports by what happened to them."""

    phone: Phone
    tablet: Phone
    partner: Phone
    desk: Phone
    reports: dict[str, str]


def live_through(app: Flask, cast: Cast, phone_of: PhoneOf) -> History:
    """Let every kind of thing happen once: each push is one transaction, but for those that are gathered."""
    found = History(
        phone_of(cast.officer), phone_of(cast.officer, name="Tablet"), phone_of(cast.partner), phone_of(cast.desk), {}
    )
    _conflict(found)
    _merge(found)
    _review(found)
    _wait(found)
    _refuse(found, cast, phone_of)
    _mend(found)
    _name(found, cast)
    _gather(app, cast, found)
    _revoke(app, cast, found, phone_of)
    return found


def _conflict(here: History) -> None:
    """Conflicts: one settled, one open; a removal that somebody had not seen; a checklist; a hold."""
    phone, tablet = here.phone, here.tablet
    report = here.reports["conflict"] = complete_report(phone)
    agent = phone.add(report, "agents", {"agency": "ice_ero"})
    footage = phone.hold(
        report, {"camera": "own_bwc", "from": "2026-11-23T21:00:00-06:00", "to": "2026-11-23T22:00:00-06:00"}
    )
    phone.push()
    tablet.pull()
    phone.edit(report, {"address": "south corner", "event_number": "2632700001", "narrative": "One – “quoted” ✓ 😀."})
    tablet.edit(report, {"address": "east corner", "event_number": "2632700002"})
    phone.remove(report, agent)
    tablet.edit(report, {"badge": "1234", "observed/mask": True}, entity=agent)
    tablet.edit(report, {"camera": "own_bwc"}, entity=footage, kind="hold")
    sent = list(phone.pending)
    phone.push()
    phone.push(sent + sent)
    tablet.push()
    here.desk.pull()
    here.desk.resolve(report, "event_number", "2632700002", "The screen says so.")
    here.desk.push()


def _merge(here: History) -> None:
    """Two texts merged by sentence and confirmed; another merge stays open."""
    phone, tablet = here.phone, here.tablet
    for name in ("merged", "unconfirmed"):
        report = here.reports[name] = complete_report(phone)
        note = phone.add(report, "notes", {"text": NOTE})
        phone.push()
        tablet.pull()
        phone.edit(report, {"text": NOTE.replace("south", "north")}, entity=note)
        tablet.edit(report, {"text": NOTE.replace("left", "went away")}, entity=note)
        phone.push()
        tablet.push()
        phone.pull()
        if name == "merged":
            text = phone.copies[report]["snapshot"]["open"][note]["text"]["text"]
            phone.resolve(report, "text", text, "Merged text read and confirmed", entity=note)
            phone.push()


def _review(here: History) -> None:
    """Returned, submitted again, approved, supplemented; late words dismissed and admitted."""
    phone, desk = here.phone, here.desk
    report = here.reports["approved"] = complete_report(phone)
    phone.submit(report)
    phone.push()
    desk.pull()
    desk.return_to_officer(report, [{"entity": "report", "field": "address", "text": "Which corner?"}])
    desk.push()
    phone.pull()
    phone.edit(report, {"address": "north-east corner", "district": "010"})
    phone.submit(report)
    phone.push()
    desk.pull()
    desk.approve(report)
    desk.push()
    late = [phone.edit(report, {"address": place}) for place in ("late", "later", "latest")]
    phone.supplement(report, "The badge number was read from the video.")
    phone.push()
    desk.dismiss(report, late[0], "Not needed.")
    desk.admit_as_supplement(report, late[1], "The officer wrote: later.", "The report was closed.")
    desk.push()
    phone.dismiss(report, late[2], "A mistake.")
    phone.push()


def _wait(here: History) -> None:
    """Ops that wait for one another across pushes; one waits still."""
    phone = here.phone
    report = here.reports["waiting"] = complete_report(phone)
    phone.push()
    phone.edit(report, {"address": "first"})
    phone.edit(report, {"address": "second"})
    agent = phone.add(report, "agents", {"agency": "ice_ero"})
    phone.edit(report, {"badge": "99"}, entity=agent)
    first, second, made, about = phone.pending
    for each in (about, second, made, first):
        phone.push([each])
    phone.edit(report, {"event_number": "2632700009"})
    phone.pending.pop()
    phone.edit(report, {"event_number": "2632700010"})
    phone.push()


def _refuse(here: History, cast: Cast, phone_of: PhoneOf) -> None:
    """What cannot be read or believed, other bytes under a known id, a count that is used twice."""
    phone = here.phone
    report = here.reports["refused"] = complete_report(phone)
    phone.edit(report, {"occurred_from": "no time"})
    phone.push()
    body = phone.payload(report, "edit", [phone.change(report, "report", "address", "Cermak")])
    phone.push([phone.sign(body)])
    clashes = [phone.sign({**body, "reason": reason}) for reason in ("other", "bytes")]
    phone.push(clashes)
    phone.push(clashes[:1])
    body = phone.payload(report, "edit", [phone.change(report, "report", "address", "Pulaski")])
    newer, forged = phone.sign({**body, "v": 2}), phone.sign(body)
    phone.push(["no op", newer, forged[:-8] + "AAAAAAAA", "a.b.c"])
    part = base64.urlsafe_b64encode(f'{{"report":"{report}"'.encode()).decode().rstrip("=")
    phone.push([f"{part}.{part}.{part}"])
    stranger = phone_of(cast.officer_elsewhere)
    stranger.heads = phone.heads
    stranger.edit(report, {"address": "not mine"})
    stranger.push()
    restored = (phone.n, phone.prev)
    phone.edit(report, {"address": "before the phone was restored"})
    phone.push()
    phone.n, phone.prev = restored
    phone.edit(report, {"address": "after the phone was restored"})
    phone.push()


def _mend(here: History) -> None:
    """A rule that failed and was mended."""
    phone = here.phone
    report = here.reports["mended"] = complete_report(phone)
    phone.push()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(interpret.rules, "judge", lambda *_: 1 / 0)
        phone.edit(report, {"address": "met a broken rule"})
        phone.edit(report, {"event_number": "2632700003"})
        phone.push()
    phone.edit(report, {"address": "built on what met the broken rule"})
    phone.push()
    service.rejudge()
    db.session.rollback()


def _name(here: History, cast: Cast) -> None:
    """Others' words come before the op that begins the report: they begin it for now, or wait."""
    phone, partner = here.phone, here.partner
    report = here.reports["named"] = complete_report(phone)
    phone.add(report, "officers", {"star": cast.partner.star})
    said = {"entity": "report", "field": "event_number", "base": [], "value": "2632700006"}
    partner.op(report, "edit", [said], begins=False)
    partner.push()
    phone.push()
    lone = here.reports["provisional"] = partner.new_id()
    partner.op(lone, "edit", [said], begins=False)
    partner.push()
    late = here.reports["late"] = partner.new_id()
    partner.supplement(late, "It waits for the report.")
    partner.push()


def _gather(app: Flask, cast: Cast, here: History) -> None:
    """Three deliveries about one report in one transaction, of which the first builds on the last."""
    phone, tablet, partner = here.phone, here.tablet, here.partner
    report = here.reports["gathered"] = complete_report(phone)
    phone.add(report, "officers", {"star": cast.partner.star})
    phone.push()
    tablet.pull()
    partner.pull()
    phone.edit(report, {"address": "phone"})
    tablet.heads[report, "report", "address"] = list(phone.heads[report, "report", "address"])
    tablet.edit(report, {"address": "tablet, having seen the phone's"})
    tablet.edit(report, {"event_number": "2632700004"})
    partner.edit(report, {"event_number": "2632700005", "narrative": "The partner's words."})
    actors = app.extensions["actors"](db.session(), {cast.officer.id, cast.partner.id})
    pushes = [Push(actors[each.person.id], list(each.pending), None) for each in (tablet, partner, phone)]
    service.take_together(pushes)
    db.session.rollback()
    for each in (tablet, partner, phone):
        each.pending.clear()


def _revoke(app: Flask, cast: Cast, here: History, phone_of: PhoneOf) -> None:
    """A report that begins with what a revoked device delivers."""
    lost = phone_of(cast.officer)
    lost.sign_in_to_deliver()
    here.reports["revoked"] = complete_report(lost)
    with unit_of_work(None) as uow:
        devices.revoke(uow, app.extensions["actors"](uow.session, {cast.officer.id})[cast.officer.id], lost.device)
    lost.push()
