"""What `verify` sees while others write, what it only remarks on, and how it replays (P1)."""

import json
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from demo.phone import Phone
from server.accounts import service as accounts
from server.db import db, unit_of_work
from server.feed import service
from server.feed.changes import compact
from server.feed.models import Report, StoredOp
from server.feed.service import Push
from tests.integration.feed.walks import change, place, walk, written
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def test_a_walk_sees_one_state_while_others_write(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    """Rule: what is delivered during the walk is no finding, in whichever table the walk is."""
    phone = phone_of(cast.officer)
    report, _ = written(phone)
    phone.edit(report, {"address": "Cermak"})
    phone.push()
    seen: list[str] = []

    def deliver() -> None:
        with app.app_context():
            phone.edit(report, {"address": f"during {seen[-1]}"})
            complete_report(phone)
            phone.push()

    def progress(what: str, done: int, of: int) -> None:
        if what not in seen:
            seen.append(what)
            writer = threading.Thread(target=deliver)
            writer.start()
            writer.join()

    before = walk()
    found = walk(progress=progress)
    assert seen == ["receipt_log", "op", "device chains", "report"]
    assert found.misfit is None
    assert (found.ops, found.statements, found.head) == (before.ops, before.statements, before.head)
    now = walk()
    assert (now.ok, now.ops) == (True, before.ops + 4 * 3)


def test_odd_counts_and_links_of_a_device_are_remarked_on_and_are_no_misfits(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = complete_report(phone)
    phone.push()
    start, prev = phone.n, phone.prev
    for street in ("lost", "Cermak"):
        phone.edit(report, {"address": street, "event_number": street})
        phone.heads.clear()
    del phone.pending[0]
    phone.push()
    gap = f"device {phone.device}: no op with the count {start + 1} is stored"
    assert (walk().misfit, walk().remarks.said) == (None, [gap])
    phone.n, phone.prev = start, prev
    twice = []
    for street in ("restored", "anew"):
        twice.append(phone.edit(report, {"address": street}))
        phone.heads.clear()
    phone.push()
    phone.prev = "0" * 64
    branch = phone.edit(report, {"weather": "dry"})
    phone.push()
    found = walk()
    assert found.ok
    first, *others = found.remarks.said
    assert f"2 ops have the count {start + 2}: " in first
    # The one that came first follows the op that was lost; since then another has its count.
    assert [each.split(" (count")[0].rsplit(" ", 1)[1] for each in others][-1] == branch
    assert all("the chain branches" in each for each in others)
    assert twice[1] not in " ".join(others)


def test_what_could_not_be_believed_still_counts_in_its_devices_chain(cast: Cast, phone_of: PhoneOf) -> None:
    phone = phone_of(cast.officer)
    report = complete_report(phone)
    phone.op(report, "edit", [phone.change(report, "report", "address", "Cermak")], v=2)
    phone.edit(report, {"address": "Pulaski"})
    phone.push()
    assert {row.reason for row in db.session.scalars(select(StoredOp))} >= {"newer_op_format"}
    assert walk().remarks.said == []


def test_deliveries_taken_in_together_are_replayed_in_the_order_in_which_they_were_judged(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """An op of the first delivery waits for one of the last, and one that had waited for long comes after them all."""
    one, two, three = (phone_of(cast.officer) for _ in range(3))
    report, _ = written(one)
    for each in (two, three):
        each.heads = dict(one.heads)
    one.edit(report, {"address": "unsent"})
    unsent = one.pending.pop()
    one.edit(report, {"address": "waits since before", "event_number": "1"})
    one.push()
    one.edit(report, {"narrative": "one"})
    two.heads[report, "report", "narrative"] = list(one.heads[report, "report", "narrative"])
    two.edit(report, {"narrative": "two, having seen one"})
    two.edit(report, {"event_number": "2", "weather": "dry"})
    three.edit(report, {"event_number": "3", "weather": "wet"})
    actor = app.extensions["actors"](db.session(), {cast.officer.id})[cast.officer.id]
    service.take_together(
        [Push(actor, tokens, None) for tokens in (two.pending, three.pending, [unsent, *one.pending])]
    )
    found = walk()
    assert found.misfit is None
    snapshot = json.loads(db.session.scalar(select(Report.snapshot).where(Report.id == report)) or b"")
    assert [head["value"] for head in snapshot["fields"]["report"]["event_number"]] == ["2", "3", "1"]


def renewed(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot as migration 0002 leaves one of before."""
    for fields in snapshot["fields"].values():
        for heads in fields.values():
            for head in heads:
                head.update(not_before=None, base=head.pop("base"))
    return {
        "open": {},
        "settled": [],
        **{name: each for name, each in snapshot.items() if name not in ("open", "settled")},
    }


def test_a_snapshot_of_before_the_sync_layer_is_remarked_on_and_not_failed(cast: Cast, phone_of: PhoneOf) -> None:
    one, two = phone_of(cast.officer), phone_of(cast.officer)
    report, _ = written(one)
    two.pull()
    one.edit(report, {"address": "south"})
    two.edit(report, {"address": "east"})
    one.push()
    two.push()
    stored = json.loads(db.session.scalar(select(Report.snapshot).where(Report.id == report)) or b"")
    older = renewed(stored)
    change(update(Report).where(Report.id == report).values(snapshot=compact(older)))
    found = walk()
    assert found.misfit is None
    assert found.remarks.said == [
        f"report {report}: it comes from a version that noted less about its conflicts and its times"
    ]
    older["fields"]["report"]["address"][0]["value"] = "south-east"
    change(update(Report).where(Report.id == report).values(snapshot=compact(older)))
    assert not walk().ok


def test_the_district_in_which_a_report_began_is_compared_with_its_authors(cast: Cast, phone_of: PhoneOf) -> None:
    """No op says where its author served, so the account must: an officer who moved since is remarked on."""
    from server.accounts.models import UserAccount

    phone = phone_of(cast.officer)
    report, _ = written(phone)
    stored = db.session.scalar(select(Report.snapshot).where(Report.id == report)) or b""
    at = stored.index(b'"home":"') + len(b'"home":"') + 2
    change(update(Report).where(Report.id == report).values(snapshot=stored[:at] + b"7" + stored[at + 1 :]))
    assert place(walk()) == ("report", report, "snapshot", at)
    change(update(Report).where(Report.id == report).values(snapshot=stored))
    change(update(UserAccount).where(UserAccount.id == cast.officer.id).values(district="012"))
    found = walk()
    assert found.misfit is None
    assert [each.split(":")[0] for each in found.remarks.said] == [f"report {report}"]


def test_a_report_that_did_not_go_over_to_who_may_write_no_more_is_replayed_so(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """P12: after a restore another's words came first, and whoever began it has become a reviewer meanwhile."""
    author, partner = phone_of(cast.officer), phone_of(cast.partner)
    report = complete_report(author)
    said = {"entity": "report", "field": "event_number", "base": [], "value": "2632700001"}
    partner.op(report, "edit", [said], begins=False)
    partner.push()
    with unit_of_work(None) as uow:
        accounts.update_user(uow, cast.officer.id, {"role": "desk"})
    assert {each["reason"] for each in author.push()["receipts"]} == {"not_allowed"}
    assert walk().misfit is None


def test_p9_a_step_that_begins_no_report_takes_none_over(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    """After a restore another's words came first; a stranger's submission says that the report is theirs."""
    partner, stranger = phone_of(cast.partner), phone_of(cast.officer_elsewhere)
    report = partner.new_id()
    partner.op(report, "edit", [partner.change(report, "report", "address", "Cermak")], begins=False)
    partner.push()
    stranger.op(report, "submit", [stranger.change(report, "review", "state", "submitted")], begins=True)
    assert [each["reason"] for each in stranger.push()["receipts"]] == ["not_allowed"]
    assert db.session.scalar(select(Report.author_id).where(Report.id == report)) == cast.partner.id
    assert walk().misfit is None
