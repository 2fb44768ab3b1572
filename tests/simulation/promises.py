"""The promises that must hold after each step, by the names that DESIGN §2 gives them."""

from collections.abc import Iterator, Mapping
from typing import Any

from sync.merge import same
from tests.simulation import words
from tests.simulation.database import Account, Stored, StoredRow
from tests.simulation.disk import ONLY_HERE
from tests.simulation.ledger import Broken, Ledger, Place, Saved, holds
from tests.simulation.reader import Phone

WAITING, WAITING_FOR_REPORT = "waiting_for_base", "waiting_for_report"
WAITS = frozenset({WAITING, WAITING_FOR_REPORT})
# How many of its kept ops, and of the remarks on its ops, a report lists.
SHOWN = 50
# Poisons that no report can show as an op: they are only kept.
UNREAD = frozenset({"garbage", "forged", "stolen", "newer_format", "not_ascii"})
# Reasons found before a hold is asked for, and failures to ask for it. A desk's hold waits for a report that is gone.
_NO_HOLD = frozenset(
    {
        "not_allowed",
        WAITING_FOR_REPORT,
        "own_report",
        "revoked_device",
        "op_id_reused",
        "rule_failed",
        "hold_needs_one_footage",
    }
    | {"hold_names_other_camera", "hold_of_other_report"}
)


def check(ledger: Ledger, stored: Stored, phones: list[Phone]) -> None:
    """Check everything that one look at phones and database can tell. Raises Broken."""
    ledger.forgotten -= set(stored.rows)
    _p1_bytes(ledger, stored)
    _p2_reachable(ledger, stored, phones)
    for report, copy in stored.copies.items():
        _author(ledger, report, copy)
        _p2_heads(ledger, stored, report, copy)
        _p3_human(ledger, stored, copy)
        _flags_shown(stored, report, copy)
    _p6_one_hold(ledger, stored)
    for row in stored.rows.values():
        holds("P1", row.sha256 in ledger.saved, f"{row.id} is stored and nobody saved it")
        if row.reason == WAITING_FOR_REPORT:
            holds("P8", row.report not in stored.copies, f"{row.id} waits for a report that is there")
        if row.reason == WAITING:
            _p8_waits_for_something(ledger.saved[row.sha256], stored)
    _counts(stored)


def _p1_bytes(ledger: Ledger, stored: Stored) -> None:
    for sha in ledger.acknowledged:
        row = stored.rows.get(sha)
        if row is None:
            excused = sha in ledger.forgotten or sha in ledger.destroyed
            holds("P1", excused, f"{ledger.saved[sha].id} was acknowledged and is not stored")
        else:
            holds("P1", row.jws == ledger.saved[sha].jws, f"{row.id} is stored with other bytes than were saved")


def _p2_reachable(ledger: Ledger, stored: Stored, phones: list[Phone]) -> None:
    """Every value is in an outbox, stands, was seen by what superseded it, or is shown as kept aside."""
    states = {sha: row.state for phone in phones for sha, row in phone.disk.rows.items()}
    for sha, saved in ledger.saved.items():
        if states.get(sha) in ONLY_HERE:
            continue
        row = stored.rows.get(sha)
        if row is None:
            if sha not in ledger.forgotten and sha not in ledger.destroyed:
                promise = "P7" if sha in states else "P2"
                raise Broken(promise, f"{saved.id} is neither stored nor in an outbox, and was saved")
        elif not row.stands and saved.poison not in UNREAD:
            _p2_kept_aside(saved, row, stored)


def _p2_kept_aside(saved: Saved, row: StoredRow, stored: Stored) -> None:
    copy = stored.copies.get(saved.report or "")
    if copy is None:
        return
    entry = next((each for each in copy["quarantined"] if each["sha256"] == saved.sha256), None)
    # Of very many it lists some, and says how many there are.
    fine = entry is not None or len(copy["quarantined"]) == SHOWN < copy["kept"]
    holds("P2", fine, f"{saved.id} is kept aside ({row.reason}) and its report does not show it")
    if entry is not None and entry["kind"] is not None and entry["edits"] is not None:
        shown = {(each["entity"], each["field"]): each["value"] for each in entry["edits"]}
        written = {place: value for place, (_, value) in saved.edits.items()}
        holds("P2", same(shown, written), f"{saved.id} is kept aside and shown with other values than were written")


def _p2_heads(ledger: Ledger, stored: Stored, report: str, copy: dict[str, Any]) -> None:
    """The heads of every field are what was written and that no author of a standing op had seen."""
    wanted: dict[Place, set[str]] = {}
    seen: dict[Place, set[str]] = {}
    standing = [row for row in stored.of(report) if row.stands]
    for row in standing:
        for place, (base, _) in ledger.saved[row.sha256].edits.items():
            wanted.setdefault(place, set()).add(row.id)
            seen.setdefault(place, set()).update(base)
    for entity, name, heads in _fields(copy["snapshot"]):
        found = [head["op"] for head in heads]
        left = wanted.pop((entity, name), set()) - seen.get((entity, name), set())
        holds("P5", len(found) == len(set(found)), f"a version stands twice: {found}")
        lost, extra = left - set(found), set(found) - left
        holds("P2", not lost, f"{entity}.{name} lost {sorted(lost)}, which nobody had seen")
        holds("P5", not extra, f"{entity}.{name} shows {sorted(extra)}, which was superseded")
    holds("P2", not wanted, f"{sorted(wanted)} were written and are not in the report")
    count = copy["snapshot"]["ops"]
    holds("P5", count == len(standing), f"report {report} counts {count} ops and {len(standing)} stand")


def _author(ledger: Ledger, report: str, copy: dict[str, Any]) -> None:
    """A report is that of whoever began it, in whatever order its ops came, unless those of the beginning are gone."""
    own = [saved for saved in ledger.saved.values() if saved.report == report]
    gone = any(saved.sha256 in ledger.destroyed for saved in own)
    theirs = copy["snapshot"]["author"] == own[0].actor
    # After a restore another's words may come first; then it is said that the author is yet to come.
    holds(
        "P12",
        gone or theirs or copy["snapshot"].get("provisional"),
        f"report {report} has another author than began it",
    )


def _fields(snapshot: dict[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for entity, fields in snapshot["fields"].items():
        for name, heads in fields.items():
            yield entity, name, heads


def _p3_human(ledger: Ledger, stored: Stored, copy: dict[str, Any]) -> None:
    """No text is shown that nobody wrote, except what is labelled as merged; and that is made of whole sentences."""
    snapshot = copy["snapshot"]
    for entity, name, heads in _fields(snapshot):
        for head in heads:
            _p3_written(ledger, stored, (entity, name), head)
    for entity, fields in snapshot["open"].items():
        for name, question in fields.items():
            for version in question["seen"]:
                _p3_written(ledger, stored, (entity, name), version)
            _p3_merged(snapshot, entity, name, question)
    for note in snapshot["settled"]:
        for version in (note, *note["not_kept"]):
            _p3_written(ledger, stored, (note["entity"], note["field"]), version)


def _p3_written(ledger: Ledger, stored: Stored, place: Place, version: dict[str, Any]) -> None:
    row = stored.by_id.get(version["op"])
    saved = ledger.saved.get(row.sha256) if row else None
    edit = saved.edits.get(place) if saved else None
    fine = edit is not None and same(edit[1], version["value"])
    holds("P3", fine, f"{place} shows {version['value']!r}, which the author of {version['op']} did not write")
    if saved is not None:
        who = (version["actor"], version.get("base", list(edit[0]) if edit else []))
        told = (saved.actor, list(edit[0]) if edit else [])
        holds("P3", who == told, f"{place} tells another author or base of {version['op']} than it has")


def _p3_merged(snapshot: dict[str, Any], entity: str, name: str, question: dict[str, Any]) -> None:
    heads = snapshot["fields"][entity][name]
    if question["kind"] != "merged":
        holds("P3", question["text"] is None, f"{entity}.{name} shows a text of nobody that is not called merged")
        return
    holds("P3", name == "text", f"{entity}.{name} is put together although its field never is")
    human = {each for head in heads for each in words.sentences(head["value"])}
    mixed = [each for each in words.sentences(question["text"]) if each not in human]
    holds("P3", not mixed, f"{entity}.{name} is put together with {mixed!r}, which no author wrote")


def _p6_one_hold(ledger: Ledger, stored: Stored) -> None:
    """Each intent has exactly one hold, and each of its revisions one message to the custodian."""
    intents = [hold["intent"] for hold in stored.holds]
    holds("P6", len(intents) == len(set(intents)), "an intent has two holds")
    for row in stored.rows.values():
        if row.kind != "hold" or row.clash or row.device is None or (not row.stands and row.reason in _NO_HOLD):
            continue
        for intent in ledger.saved[row.sha256].writes_to():
            holds("P6", intent in intents, f"{row.id} asks for a hold ({row.reason or row.verdict}) and there is none")
    told = [f"{h['intent']}.{n}" if n > 1 else h["intent"] for h in stored.holds for n in range(1, h["revision"] + 1)]
    holds("P6", sorted(told) == sorted(stored.outbox), "the holds and the messages to the custodian do not match")


def _p8_waits_for_something(saved: Saved, stored: Stored) -> None:
    rows = [stored.by_id.get(base) for base in saved.bases]
    copy = stored.copies.get(saved.report or "", {"snapshot": {"entities": {}}})
    made = {entity for entity, about in copy["snapshot"]["entities"].items() if about["list"]} | saved.makes()
    waits = any(row is None or row.reason in WAITS for row in rows) or saved.writes_to() - made
    holds("P8", waits, f"{saved.id} waits although everything that it builds on is there")


def _flags_shown(stored: Stored, report: str, copy: dict[str, Any]) -> None:
    own = {row.id for row in stored.of(report)}
    wanted = sorted(each for each in stored.flags if each[0] in own)
    shown = [(flag["op"], flag["other"]) for flag in copy["flags"]]
    holds("flags", shown == wanted[-SHOWN:], f"report {report} does not show that its ops were counted alike")


def _counts(stored: Stored) -> None:
    """Two ops that a device counted alike are flagged, and what each device has delivered is counted right."""
    counted: dict[tuple[str, int], list[str]] = {}
    for row in stored.rows.values():
        if row.device is not None and row.n is not None:
            counted.setdefault((row.device, row.n), []).append(row.id)
    alike = {(one, other) for ids in counted.values() for one in ids for other in ids if one != other}
    holds("flags", stored.flags == alike, f"flags {stored.flags ^ alike} are wrong or missing")
    for device in {device for device, _ in counted}:
        numbers = {n for of, n in counted if of == device}
        contact = stored.contacts[device]
        right = contact["top_n"] == max(numbers) and contact["ops"] == len(numbers)
        holds("contacts", right, f"device {device} delivered {sorted(numbers)}, counted as {dict(contact)}")


def scope_of(user: str, account: Account) -> str | None:
    if account.role == "officer":
        return f"user:{user}"
    return f"district:{account.district}" if account.role == "desk" and account.district else None


def readers(copy: dict[str, Any], accounts: Mapping[str, Account]) -> set[str]:
    """Work out who sees a report: its author, the officers named on it, the desk of its district."""
    snapshot = copy["snapshot"]
    stars = {
        head["value"]
        for entity, about in snapshot["entities"].items()
        if about["list"] == "officers" and not about["removed"]
        for head in snapshot["fields"][entity].get("star", [])
    }
    named = {f"user:{user}" for user, account in accounts.items() if account.star and account.star in stars}
    return {f"user:{snapshot['author']}", f"district:{snapshot['district']}"} | named


def p4_replica(phone: Phone, stored: Stored) -> None:
    """What a reader has who followed the feed to its end is what the server would show them, and nothing else."""
    scope = scope_of(phone.user, stored.accounts[phone.user])
    wanted = {report: copy for report, copy in stored.copies.items() if scope in readers(copy, stored.accounts)}
    have = phone.disk.copies
    missing, extra = set(wanted) - set(have), set(have) - set(wanted)
    holds("P4", not missing, f"a reader in {scope} followed to the end and misses {sorted(missing)}")
    holds("P4", not extra, f"a reader in {scope} still has {sorted(extra)}, which left that scope")
    for report, copy in wanted.items():
        if have[report] != copy:
            raise Broken("P4", f"a copy of {report} differs: {_differs(have[report], copy)}")


def _differs(one: Any, other: Any, where: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if one.get(name) != other.get(name):
                return _differs(one.get(name), other.get(name), f"{where}.{name}")
    return f"{where} is {str(one)[:200]}, not {str(other)[:200]}"
