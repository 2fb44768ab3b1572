"""What people do on their phones, as the app lets them. Numbers choose among what is there; nothing may be there."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sync.op import ENTITY, REVIEW
from tests.simulation import words
from tests.simulation.client import Client, given, made
from tests.simulation.view import Edit, View
from tests.simulation.words import pick

# A sentence stands between two that are changed: else they cannot be put together.
MIN_SENTENCES = 3


def somewhere(phone: Client, first: int, act: Callable[..., bool], *rest: Any) -> bool:
    """Do something in the first report of a phone, counted from one, in which there is something to do."""
    reports = phone.reports()
    for place in range(len(reports)):
        view = phone.view(pick(reports, first + place))
        if view is not None and act(phone, view, *rest):
            return True
    return False


def poison(phone: Client, report: View, which: int) -> bool:
    """Put something into the outbox that no server can take as it is."""
    POISONS[which](phone, report)
    return True


def begin(phone: Client, complete: bool, choice: int) -> None:
    """Begin a report, with all that a submission needs or with one field."""
    report = phone.pen.new_id()
    if not complete:
        phone.write(report, "edit", given("report", address=words.value_of("address", choice)))
        return
    agent = phone.pen.new_id()
    phone.write(report, "edit", given("report", **words.COMPLETE))
    phone.write(report, "edit", [made(agent, "agents"), *given(agent, agency="ice_ero")])


def write(phone: Client, report: View, field: int, choice: int) -> bool:
    """Fill in a field of the report."""
    name = pick(words.FIELDS, field)
    if report.form["version"] > 1 and choice % 3 == 0:
        return phone.write(report.report, "edit", given("report", **{words.NEW_FIELD: f"wet {choice % 2}"}))
    return phone.write(report.report, "edit", given("report", **{name: words.value_of(name, choice)}))


def say(phone: Client, report: View, number: int) -> bool:
    """Write what nobody wrote before."""
    return phone.write(report.report, "edit", given("report", narrative=f"They went on, {number} steps."))


def note(phone: Client, report: View, which: int, choice: int) -> bool:
    """Write a note, or change a sentence of one that is there."""
    notes = report.entities("notes")
    if not notes:
        entity = phone.pen.new_id()
        text = words.revised(None, choice)
        return phone.write(report.report, "edit", [made(entity, "notes"), *given(entity, text=text)])
    entity = pick(notes, which)
    before = report.value(entity, "text")
    if before is None:
        return False
    return phone.write(report.report, "edit", given(entity, text=words.revised(before, choice)))


def reword(phone: Client, report: View, at: int, choice: int) -> bool:
    """Change the sentence at a place of a note that is long enough for two people."""
    for entity in report.entities("notes"):
        text = report.value(entity, "text")
        if text is not None and len(words.sentences(text)) >= MIN_SENTENCES:
            return phone.write(report.report, "edit", given(entity, text=words.reworded(text, at, choice)))
    return False


def add(phone: Client, report: View, into: int, choice: int) -> bool:
    """Add an agent, a vehicle, an officer, a photo's record and the like."""
    name = pick(("agents", "vehicles", "officers", "attempts", "photos"), into)
    entity = phone.pen.new_id()
    values = {field: pick(options, choice) for field, options in words.LISTS[name].items()}
    return phone.write(report.report, "edit", [made(entity, name), *given(entity, **values)])


def change(phone: Client, report: View, which: int, choice: int) -> bool:
    """Change a field of an entity."""
    names = {entity: name for name in words.LISTS for entity in report.entities(name)}
    fields = [(entity, field) for entity, name in names.items() for field in words.LISTS[name]]
    if not fields:
        return False
    entity, field = pick(fields, which)
    value = pick(words.LISTS[names[entity]][field], choice)
    return phone.write(report.report, "edit", given(entity, **{field: value}))


def remove(phone: Client, report: View, which: int) -> bool:
    """Remove an entity, having seen all of it. The app shows supplements without a way to take them back."""
    entities = [entity for name in words.LISTS for entity in report.entities(name)]
    if not entities:
        return False
    entity = pick(entities, which)
    seen = [head.op for (of, _), heads in report.heads.items() if of == entity for head in heads]
    removal = {"entity": entity, "field": ENTITY, "value": None, "base": list(dict.fromkeys(seen))}
    return phone.write(report.report, "edit", [removal])


def hold(phone: Client, report: View, widen: bool, choice: int) -> bool:
    """Ask to have footage kept, or for more of it."""
    known = report.entities("footage")
    entity = pick(known, choice) if known and widen else phone.pen.new_id()
    start = phone.clock() - timedelta(minutes=30 + choice)
    values = {
        **{field: pick(options, choice if field == "why" else 0) for field, options in words.LISTS["footage"].items()},
        "from": start.isoformat(timespec="seconds"),
        "to": (start + timedelta(minutes=20)).isoformat(timespec="seconds"),
    }
    return phone.write(report.report, "hold", [made(entity, "footage"), *given(entity, **values)])


def submit(phone: Client, report: View) -> bool:
    if report.state not in ("draft", "returned"):
        return False
    return phone.write(report.report, "submit", given(REVIEW, state="submitted"))


def review(phone: Client, report: View, approve: bool) -> bool:
    """Return a report, or approve what this desk has in front of it."""
    copy = phone.disk.copies.get(report.report)
    if copy is None or report.state != "submitted":
        return False
    if approve:
        return phone.write(report.report, "approve", given(REVIEW, state="approved", seen=copy["snapshot"]["ops"]))
    reasons = [{"entity": "report", "field": "narrative", "text": "Say where they went."}]
    return phone.write(report.report, "return", given(REVIEW, state="returned", reasons=reasons))


def resolve(phone: Client, report: View, which: int, choice: int) -> bool:
    """Settle a conflict with one of the values, or confirm a text that was put together."""
    apart = report.apart()
    if not apart:
        return False
    entity, name = pick(apart, which)
    values = [head.value for head in report.current(entity, name)]
    copy = phone.disk.copies.get(report.report)
    asked = copy["snapshot"]["open"].get(entity, {}).get(name) if copy else None
    if asked and asked["kind"] == "merged" and choice % 2:
        values = [asked["text"]]
    return phone.write(report.report, "resolve", given(entity, **{name: pick(values, choice)}), reason="Asked both.")


def supplement(phone: Client, report: View, choice: int) -> bool:
    if report.state != "approved":
        return False
    entity = phone.pen.new_id()
    text = pick(words.SENTENCES, choice)
    return phone.write(report.report, "supplement", [made(entity, "supplements"), *given(entity, text=text)])


def decide(phone: Client, report: View, which: int, how: int) -> bool:
    """Decide about words that came late: take them in, take them as a supplement, or let them be."""
    copy = phone.disk.copies.get(report.report)
    entries = [each for each in copy["quarantined"] if each["reason"] != "waiting_for_base"] if copy else []
    if not entries:
        return False
    entry = pick(entries, which)
    key = entry["sha256"] if entry["kind"] is None or entry["reason"] == "op_id_reused" else entry["op"]
    what = ("dismissed", "correction", "supplement")[how % 3]
    mark: list[Edit] = given(REVIEW, **{f"late/{key}": what})
    reason = "It came late."
    if what == "dismissed":
        return phone.write(report.report, "dismiss", mark, reason=reason)
    if what == "correction":
        return phone.write(report.report, "admit", mark, verbatim=entry["edits"], reason=reason)
    entity = phone.pen.new_id()
    added = [made(entity, "supplements"), *given(entity, text=words.SENTENCES[0])]
    return phone.write(report.report, "admit", [*added, *mark], reason=reason)


# Poison: what a fault of an app or a stranger's hand may leave in an outbox.


def _same_id(phone: Client, report: View) -> None:
    """Sign two ops under one id, as an app would that counts wrongly."""
    edits = [{"entity": "report", "field": "beat", "base": [], "value": "1013"}]
    payload = phone.compose(report.report, "edit", edits)
    other = {**payload, "edits": [{**edits[0], "value": "1031"}]}
    phone.keep(payload)
    phone.keep(other, "same_id")


def _forged(phone: Client, report: View) -> None:
    edits = [{"entity": "report", "field": "narrative", "base": [], "value": "Nobody said this."}]
    jws = phone.pen.sign(phone.compose(report.report, "edit", edits))
    head, _, signature = jws.rpartition(".")
    phone.keep_string(f"{head}.{'A' * len(signature)}", "forged")


def _stolen(phone: Client, report: View) -> None:
    """Speak for another person than the device's own."""
    edits = [{"entity": "report", "field": "narrative", "base": [], "value": "Somebody else said this."}]
    payload = phone.compose(report.report, "edit", edits, actor=report.report)
    phone.keep_string(phone.pen.sign(payload), "stolen")


def _newer_format(phone: Client, report: View) -> None:
    payload = phone.compose(report.report, "edit", [], v=2)
    phone.keep_string(phone.pen.sign(payload), "newer_format")


def _value(field: str, value: Any, poison: str) -> Callable[[Client, View], None]:
    def keep(phone: Client, report: View) -> None:
        edits = [{"entity": "report", "field": field, "base": [], "value": value}]
        phone.keep(phone.compose(report.report, "edit", edits), poison)

    return keep


def _string(text: str, poison: str) -> Callable[[Client, View], None]:
    def keep(phone: Client, report: View) -> None:
        phone.keep_string(f"{text} {json.dumps({'report': report.report})}", poison)

    return keep


POISONS: tuple[Callable[[Client, View], None], ...] = (
    *(_value(field, value, "bad_value") for field, value in words.BAD_VALUES),
    _value("narrative", words.overlarge(), "overlarge"),
    _value("address", words.BROKEN, "broken_rule"),
    _same_id,
    _forged,
    _stolen,
    _newer_format,
    _string("no op at all", "garbage"),
    _string("wéiß ö", "not_ascii"),
)
OVERLARGE = len(words.BAD_VALUES)
