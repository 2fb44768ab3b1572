"""A page is small enough to get through, and right though the feed moves while it is put together (P4, P10, P12)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from demo.phone import Phone
from server.feed import pages
from sync.patch import patched
from tests.support.backups import Backup
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]
LONG = "What was seen, in plain words. " * 300


def page(phone: Phone, cursor: str = "", limit: int = 200) -> dict[str, Any]:
    found: dict[str, Any] = phone.call("GET", f"/api/pull?cursor={cursor}&limit={limit}").json
    return found


def direct(phone: Phone, report: str) -> dict[str, Any]:
    found: dict[str, Any] = phone.call("GET", f"/api/reports/{report}").json
    return found


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, happens: Callable[[], Any]) -> None:
    """Let something happen once, just before a step of putting the next page together."""
    real, left = getattr(pages, name), [happens]

    def step(*given: Any) -> Any:
        if left:
            left.pop()()
        return real(*given)

    monkeypatch.setattr(pages, name, step)


@pytest.mark.parametrize("limit", [200, 2])
def test_p10_a_page_ends_once_it_is_large_enough(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(pages, "ENOUGH", 3 * len(LONG))
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    reports = {complete_report(officer, narrative=LONG) for _ in range(7)}
    officer.push()
    cursor, sizes = "", []
    while True:
        found = page(desk, cursor, limit)
        sizes.append(len(found["changes"]))
        for each in found["changes"]:
            desk._take(each)
        cursor = found["cursor"]
        if not found["more"]:
            break
    assert sum(sizes) == len(reports)
    assert max(sizes) == 2
    assert desk.copies == {report: direct(desk, report) for report in reports}


def test_p10_one_report_that_is_larger_than_a_page_is_a_page(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ENOUGH", 100)
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    for _ in range(3):
        complete_report(officer)
    officer.push()
    assert len(desk.pull()) == 3


def test_p10_changes_count_by_what_they_are_and_not_by_their_reports(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    reports = [complete_report(officer, narrative=LONG) for _ in range(5)]
    officer.push()
    desk.pull()
    for report in reports:
        officer.edit(report, {"address": "north"})
    officer.push()
    monkeypatch.setattr(pages, "ENOUGH", 2 * len(LONG))
    found = page(desk, desk.cursor)
    assert (len(found["changes"]), found["more"]) == (5, False)


def test_p12_a_push_that_comes_while_a_page_is_read_is_missed_by_no_restore(
    app: Flask,
    cast: Cast,
    phone_of: PhoneOf,
    monkeypatch: pytest.MonkeyPatch,
    backup: Backup,
) -> None:
    """The page has it, so its cursor must name a log that has it: else a restore to before it goes unnoticed."""
    officer, desk, other = phone_of(cast.officer), phone_of(cast.desk), phone_of(cast.officer_elsewhere)
    complete_report(officer)
    officer.push()
    lost = complete_report(officer)
    backup.make()
    meanwhile(monkeypatch, "_rows", officer.push)
    desk.pull()
    assert lost in desk.copies
    backup.put_back()
    for _ in range(3):
        other.edit(other.new_id(), {"address": "Cermak"})
        other.push()
    assert page(desk, desk.cursor)["reset"] is True


def test_p4_a_report_that_changes_while_a_page_is_read_comes_as_it_is_and_once_more(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.push()
    officer.edit(report, {"address": "changed meanwhile"})
    meanwhile(monkeypatch, "_copies", officer.push)
    first = page(desk)
    second = page(desk, first["cursor"])
    (copy,) = first["changes"]
    assert copy == direct(desk, report)
    assert [each["seq"] for each in second["changes"]] == [copy["seq"]]


def test_p9_a_report_that_leaves_while_a_page_is_read_is_not_in_it(
    cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(officer)
    officer.push()
    officer.edit(report, {"district": "012"})
    meanwhile(monkeypatch, "_copies", officer.push)
    first = page(desk)
    assert first["changes"] == []
    assert page(desk, first["cursor"])["left"] == [report]


def test_a_report_that_leaves_and_comes_back_between_two_pages_of_a_walk_ends_right(
    cast: Cast, phone_of: PhoneOf
) -> None:
    """P4: before the walk it was there, and between its pages it left and came back with other words."""
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    reports = [complete_report(officer, narrative=LONG) for _ in range(4)]
    officer.push()
    desk.pull()
    for report in reports:
        officer.edit(report, {"address": "changed"})
    officer.push()
    first = page(desk, desk.cursor, limit=2)
    for each in first["changes"]:
        desk._take(each)
    for report in (reports[0], reports[3]):
        for district, address in (("012", "away"), ("010", "back")):
            officer.edit(report, {"district": district, "address": address})
            officer.push()
    desk.cursor = first["cursor"]
    desk.pull()
    assert desk.copies == {report: direct(desk, report) for report in reports}


def test_p4_a_later_page_of_a_walk_brings_every_change_since_the_walk_began(cast: Cast, phone_of: PhoneOf) -> None:
    """Of a report that changed before and after those on the first page; nothing needs to be fetched whole."""
    officer, desk = phone_of(cast.officer), phone_of(cast.desk)
    twice, *once = [complete_report(officer, narrative=LONG) for _ in range(3)]
    officer.push()
    desk.pull()
    for report in (twice, *once, twice):
        officer.edit(report, {"address": f"changed, then {len(officer.heads)}", "event_number": f"{officer.n}"})
        officer.push()
    first = page(desk, desk.cursor, limit=2)
    assert [each["report"] for each in first["changes"]] == once
    second = page(desk, first["cursor"], limit=2)
    assert [(each["report"], "patch" in each) for each in second["changes"]] == [(twice, True), (twice, True)]
    for each in (*first["changes"], *second["changes"]):
        desk.copies[each["report"]] = patched(desk.copies[each["report"]], each)
    assert desk.copies == {report: direct(desk, report) for report in (twice, *once)}
