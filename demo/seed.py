"""Plant the demonstration's reports: signed, pushed and uploaded as a phone does it, never written directly."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.accounts import Account, write_private
from demo.phone import Phone
from demo.pictures import picture
from demo.wire import Refused, http

_STORIES = Path(__file__).parent / "stories.json"
_CHICAGO = ZoneInfo("America/Chicago")
# One namespace for the reports' ids, so that planting again meets what is already there.
_NAMESPACE = uuid.UUID("6f1d1a52-0d7c-5c58-9a2e-2f1c7f0a4e11")
_DECIDED = ("approved", "supplemented")
_HANDED_IN = ("submitted", "returned", *_DECIDED)

Story = dict[str, Any]


def stories() -> list[Story]:
    """Return what is planted, as data."""
    found: list[Story] = json.loads(_STORIES.read_text())
    return found


@dataclass
class _Clock:
    """The time that a seeded phone believes in: shortly after the incident, a minute later at each look."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=20)
        return self.now


@dataclass
class Planter:
    """Plants stories through a running server. A person's phone is enrolled when it is first needed."""

    url: str
    people: dict[str, Account]
    phones: dict[str, Phone] = field(default_factory=dict)

    def phone(self, username: str, name: str = "Demonstration phone") -> Phone:
        """Return the signed-in phone of an account."""
        key = f"{username}/{name}"
        if key not in self.phones:
            clock = _Clock(datetime.now(UTC))
            phone = Phone(transport=http(self.url), person=self.people[username], name=name, clock=clock)
            self.phones[key] = phone.sign_in().enrol()
        return self.phones[key]

    def plant(self, story: Story) -> None:
        """Bring one story to its state. What an earlier, interrupted planting did is not done again."""
        report = str(uuid.uuid5(_NAMESPACE, f"{self.people['admin'].id}/{story['id']}"))
        author = self.phone(story["by"])
        self._set_clock(author, started(story) + timedelta(minutes=story["minutes"]))
        state = self._state(author, report)
        if state is None:
            self._write(author, report, story)
            state = "submitted" if story["state"] in _HANDED_IN else "draft"
        if state == "submitted":
            state = self._review(report, story)
        if state == "approved" and story["state"] == "supplemented":
            self._supplement(author, report, story)

    def _set_clock(self, phone: Phone, moment: datetime) -> None:
        phone.clock = _Clock(moment)

    def _state(self, phone: Phone, report: str) -> str | None:
        try:
            state: str = phone.call("GET", f"/api/reports/{report}").json["snapshot"]["state"]
        except Refused as refused:
            if refused.answer.status == 404:
                return None
            raise
        return state

    def _write(self, author: Phone, report: str, story: Story) -> None:
        for camera in story["footage"]:
            write_camera(author, report, story, camera)
        write_fields(author, report, story)
        agents = [write_agent(author, report, story, agent) for agent in story["agents"]]
        write_lists(author, report, story)
        photo = write_photo(author, report, story, agents)
        if "conflict" in story:
            self._disagree(author, report, story)
        if story["state"] in _HANDED_IN:
            author.submit(report)
        _push(author)
        if photo:
            author.upload(report, photo[0], photo[1], "image/png")

    def _disagree(self, author: Phone, report: str, story: Story) -> None:
        """Let two devices of one officer change the same field, neither having seen the other."""
        conflict = story["conflict"]
        _push(author)
        tablet = self.phone(story["by"], "Demonstration tablet")
        tablet.pull()
        self._set_clock(tablet, author.clock() + timedelta(minutes=3))
        tablet.edit(report, {conflict["field"]: conflict["other"]})
        author.edit(report, {conflict["field"]: conflict["one"]})
        _push(tablet)

    def _review(self, report: str, story: Story) -> str:
        if story["state"] == "returned":
            desk = self._desk(report, story)
            reasons = [{"entity": "report", **reason} for reason in story["return"]["reasons"]]
            desk.return_to_officer(report, reasons, story["return"]["note"])
        elif story["state"] in _DECIDED:
            desk = self._desk(report, story)
            desk.approve(report)
        else:
            return "submitted"
        _push(desk)
        return "returned" if story["state"] == "returned" else "approved"

    def _desk(self, report: str, story: Story) -> Phone:
        district = story["fields"]["district"]
        name = next(each for each in self.people.values() if (each.role, each.district) == ("desk", district))
        desk = self.phone(name.username, "Demonstration desk")
        desk.pull()
        self._set_clock(desk, started(story) + timedelta(hours=5))
        return desk

    def _supplement(self, author: Phone, report: str, story: Story) -> None:
        copy = author.call("GET", f"/api/reports/{report}").json
        if any(each["list"] == "supplements" for each in copy["snapshot"]["entities"].values()):
            return
        self._set_clock(author, started(story) + timedelta(hours=30))
        author.supplement(report, story["supplement"])
        _push(author)


class NotPlanted(Exception):
    """The server did not take a part of the demonstration; the message says which."""


def _push(phone: Phone) -> None:
    """Deliver, and insist that every op was taken: demonstration data in quarantine would be a defect."""
    if not phone.pending:
        return
    for receipt in phone.push()["receipts"]:
        if receipt["verdict"] == "quarantined":
            raise NotPlanted(f"{receipt['op']}: {receipt['reason']}")


def started(story: Story) -> datetime:
    """Return when an incident began, counted back from today so that days left are worth looking at."""
    hour, minute = map(int, story["at"].split(":"))
    day = datetime.now(_CHICAGO) - timedelta(days=story["days_ago"] + 1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def _at(story: Story, minutes: float) -> str:
    return (started(story) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def write_camera(phone: Phone, report: str, story: Story, camera: dict[str, Any]) -> None:
    """Ask for one camera's footage to be held."""
    window = {"from": _at(story, -1), "to": _at(story, story["minutes"] + 3)}
    phone.hold(report, {**camera, **window})


def write_fields(phone: Phone, report: str, story: Story) -> None:
    """Save the report's own fields and checklists."""
    values = {name: value for name, value in story["fields"].items() if name != "arrived_after"}
    values["occurred_from"], values["occurred_to"] = _at(story, 0), _at(story, story["minutes"])
    if "arrived_after" in story["fields"]:
        values["arrived"] = _at(story, story["fields"]["arrived_after"])
    values |= {name: story[name] for name in ("narrative", "exculpatory") if story.get(name)}
    phone.edit(report, values)
    phone.edit(report, _members(story["sets"]))


def _members(sets: dict[str, list[str]]) -> dict[str, bool]:
    return {f"{name}/{member}": True for name, members in sets.items() for member in members}


def write_agent(phone: Phone, report: str, story: Story, agent: dict[str, Any]) -> str:
    """Save one agent with the ladder of identification attempts. Returns the entity."""
    entity = phone.add(report, "agents", {**agent["values"], **_members({"basis": agent["basis"]})})
    for attempt in agent["attempts"]:
        told = {name: value for name, value in attempt.items() if name != "after"}
        phone.add(report, "attempts", {**told, "at": _at(story, attempt["after"])}, parent=entity)
    return entity


def write_lists(phone: Phone, report: str, story: Story) -> None:
    """Save officers, vehicles, possible offenses, people and notes."""
    for name in ("officers", "vehicles", "offenses"):
        for values in story.get(name, []):
            phone.add(report, name, values)
    for person in story.get("people", []):
        phone.add(report, "people", {**person["values"], **_members({"part": person["part"]})})
    for text in story.get("notes", []):
        phone.add(report, "notes", {"text": text, "at": _at(story, story["minutes"])})


def write_photo(phone: Phone, report: str, story: Story, agents: list[str]) -> tuple[str, bytes] | None:
    """Save the capture record of the story's photo. Returns its entity and bytes."""
    told = story.get("photo")
    if told is None:
        return None
    content = picture(told["title"], 40 if told["subject"] == "id" else 90)
    record = {
        "subject": told["subject"],
        "caption": told["caption"],
        "taken_at": _at(story, 6),
        "source": "camera",
    }
    parent = agents[told["agent"]] if "agent" in told else None
    return phone.add_photo(report, content, "image/png", parent=parent, **record), content


def plant(url: str, people: dict[str, Account], marker: Path, check: Callable[[], None]) -> int:
    """Plant what `marker` does not list yet; return how many stories that were. `check` may raise to stop between two.

    The marker names the database by its admin account, so that a new database is planted anew; a person who changed a
    demonstration password is not asked for it again once everything is there.
    """
    known = json.loads(marker.read_text()) if marker.exists() else {}
    done: list[str] = known.get("stories", []) if known.get("database") == people["admin"].id else []
    planter, planted = Planter(url, people), 0
    for story in stories():
        if story["id"] in done:
            continue
        check()
        planter.plant(story)
        done.append(story["id"])
        planted += 1
        write_private(marker, {"database": people["admin"].id, "stories": done})
    return planted
