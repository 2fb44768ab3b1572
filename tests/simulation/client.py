"""A phone by the app's rules (pwa/src/outbox): what is on its disk, what it shows, and how it saves.

Whoever changes those rules changes them here: a value counts as saved when it is on the disk, an op leaves the pending
ones only on a receipt with its own hash, and what was acknowledged is kept to be given back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.device import Device, sha256
from sync.merge import is_set_member, same
from sync.op import ENTITY, REVIEW
from tests.simulation.people import Identity
from tests.simulation.words import Ids

Edit = dict[str, Any]
# Reasons that time or an update may mend: such an op is still laid over the copy.
MENDS_ITSELF = frozenset({"waiting_for_base", "waiting_for_report", "unknown_entity", "rule_failed", "unknown_form"})
ONLY_HERE = ("pending", "stuck")


@dataclass
class Row:
    """An op on the phone. `state` is pending, stuck, acked or refused; a string that is no op has no payload."""

    jws: str
    sha256: str
    payload: dict[str, Any] | None
    state: str = "pending"
    seq: int | None = None
    reason: str | None = None
    settled_at: datetime | None = None

    @property
    def id(self) -> str | None:
        return self.payload["op"] if self.payload else None

    @property
    def report(self) -> str | None:
        return self.payload["report"] if self.payload else None

    @property
    def kind(self) -> str | None:
        return self.payload["kind"] if self.payload else None


@dataclass
class Disk:
    """What a phone keeps; also what a backup of the phone brings back. Rows are by hash, in the order of saving."""

    rows: dict[str, Row] = field(default_factory=dict)
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    # The ETag of the page that the cursor's next request was answered with, beside the cursor it belongs to.
    etag: tuple[str, str] | None = None
    beacon: str | None = None
    doubtful: set[str] = field(default_factory=set)
    # Reports whose copy could not be had when the feed told of them.
    missing: set[str] = field(default_factory=set)
    n: int = 0
    prev: str | None = None

    def copy(self) -> "Disk":
        rows = {sha: replace(row) for sha, row in self.rows.items()}
        return replace(
            self, rows=rows, copies=dict(self.copies), doubtful=set(self.doubtful), missing=set(self.missing)
        )


@dataclass(frozen=True)
class Head:
    op: str
    device: str
    value: Any
    base: tuple[str, ...]


class View:
    """A report as its reader sees it: the copy, overlaid with own ops that no copy contains yet."""

    def __init__(self, report: str, snapshot: dict[str, Any] | None, rows: list[Row]):
        first = rows[0].payload if rows else None
        self.report = report
        self.form: dict[str, Any] = snapshot["form"] if snapshot else (first or {})["form"]
        self.heads: dict[tuple[str, str], list[Head]] = {}
        self.removed = {each for each, about in (snapshot or {}).get("entities", {}).items() if about["removed"]}
        for entity, fields in (snapshot or {}).get("fields", {}).items():
            for name, heads in fields.items():
                found = [Head(each["op"], each["device"], each["value"], tuple(each["base"])) for each in heads]
                self.heads[entity, name] = found
        payloads = [row.payload for row in rows if row.payload]
        known = self._descended(payloads)
        for payload in payloads:
            self._lay(payload, known)

    def _descended(self, payloads: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        """Return what the copy's heads descend from, as far as it shows: (op, entity, field)."""
        bases = {
            (payload["op"], edit["entity"], edit["field"]): edit["base"]
            for payload in payloads
            for edit in payload["edits"]
        }
        found: set[tuple[str, str, str]] = set()
        for place, heads in self.heads.items():
            ahead = [op for head in heads for op in (head.op, *head.base)]
            while ahead:
                key = (ahead.pop(), *place)
                if key not in found:
                    found.add(key)
                    ahead += bases.get(key, ())
        return found

    def _lay(self, payload: dict[str, Any], known: set[tuple[str, str, str]]) -> None:
        op = payload["op"]
        for edit in payload["edits"]:
            place = edit["entity"], edit["field"]
            # An op whose receipt was lost may stand in the copy already, or be built on there.
            if (op, *place) in known:
                continue
            kept = [head for head in self.heads.get(place, []) if head.op not in edit["base"]]
            self.heads[place] = [*kept, Head(op, payload["device"], edit["value"], tuple(edit["base"]))]

    def current(self, entity: str, name: str) -> list[Head]:
        """Return the heads as a person reads them: equal values are one."""
        distinct: list[Head] = []
        for head in self.heads.get((entity, name), []):
            if not any(same(each.value, head.value) for each in distinct):
                distinct.append(head)
        if len(distinct) < 2 or not is_set_member(name):
            return distinct
        added = [head for head in distinct if head.value is True]
        return added[:1] or distinct[-1:]

    def value(self, entity: str, name: str) -> Any:
        found = self.current(entity, name)
        return found[0].value if len(found) == 1 else None

    def entities(self, wanted: str | None = None) -> list[str]:
        """Return the entities that stand, of one list or of all."""
        made = {
            entity: next((head.value["list"] for head in heads if head.value), None)
            for (entity, name), heads in self.heads.items()
            if name == ENTITY
        }
        return [each for each, of in made.items() if of and wanted in (None, of) and each not in self.removed]

    def apart(self) -> list[tuple[str, str]]:
        """Return the places where a person must choose or confirm."""
        return [
            (entity, name)
            for (entity, name) in self.heads
            if entity != REVIEW and name != ENTITY and len(self.current(entity, name)) > 1
        ]

    @property
    def state(self) -> str:
        heads = self.heads.get((REVIEW, "state"), [])
        return str(heads[-1].value) if heads else "draft"


class Pen(Device):
    """The signing half of a phone, with ids that repeat from run to run."""

    ids: Ids

    def payload(self, report: str, kind: str, edits: list[Edit], **changes: Any) -> dict[str, Any]:
        return super().payload(report, kind, edits, **{"op": self.new_id(), **changes})

    def new_id(self) -> str:
        return self.ids.next(self.clock())


class Client:
    """One device of one person. `saved` is told of each string once it is on the disk."""

    def __init__(self, identity: Identity, ids: Ids, saved: Callable[["Client", Row, str | None], None]):
        self.identity = identity
        self.disk = Disk()
        self.offset = timedelta()
        self.form_version = 1
        self._saved = saved
        self.pen = Pen(person=identity.person, clock=self.clock, key=identity.key, device=identity.device)
        self.pen.ids = ids

    @property
    def device(self) -> str:
        return self.identity.device

    @property
    def user(self) -> str:
        return self.identity.person.id

    def clock(self) -> datetime:
        """Return what this phone takes the time for."""
        return datetime.now(UTC) + self.offset

    # What it shows.

    def reports(self) -> list[str]:
        """Return the reports that can be opened on this phone."""
        own = (row.report for row in self.disk.rows.values() if row.report and self._is_overlaid(row))
        return list(dict.fromkeys([*self.disk.copies, *own]))

    def view(self, report: str) -> View | None:
        copy = self.disk.copies.get(report)
        rows = [row for row in self.disk.rows.values() if row.report == report and self._is_overlaid(row)]
        if copy is None and not rows:
            return None
        return View(report, copy["snapshot"] if copy else None, rows)

    def _is_overlaid(self, row: Row) -> bool:
        if row.payload is None or row.state in ONLY_HERE:
            return row.payload is not None
        if row.state == "refused":
            return row.reason in MENDS_ITSELF
        return not self.covers(row)

    def covers(self, row: Row) -> bool:
        """Tell whether the copy at hand was made after the server judged the op."""
        copy = self.disk.copies.get(row.report or "")
        return (row.seq or 0) <= (copy["seq"] if copy else -1)

    def waiting(self) -> Iterator[Row]:
        """Yield the ops that are to be sent, in the order of saving."""
        return (row for row in self.disk.rows.values() if row.state == "pending")

    # How it saves.

    def write(
        self, report: str, kind: str, wanted: list[Edit], *, reason: str | None = None, verbatim: Any = ()
    ) -> bool:
        """Save one op; False where nothing would change."""
        view = self.view(report) or View(report, None, [Row("", "", self._first(report))])
        edits = [each for each in wanted if kind != "edit" or not _is_idle(view, each)]
        named = [
            {
                "entity": each["entity"],
                "field": each["field"],
                "base": self._base(view, each, kind),
                "value": each["value"],
            }
            for each in edits
        ]
        if not named and not verbatim:
            return False
        form = {"id": "incident", "version": view.form["version"]}
        # Only whoever began the report says so; whose it is must not depend on whose op comes first.
        begins = report not in self.disk.copies and all(row.report != report for row in self.disk.rows.values())
        more = {"form": form, "begins": begins, **({"reason": reason} if reason else {})}
        self.keep(self.compose(report, kind, [*named, *verbatim], **more))
        return True

    def _first(self, report: str) -> dict[str, Any]:
        """Return what stands for a report that is begun only now."""
        return {"op": "", "device": "", "edits": [], "form": {"id": "incident", "version": self.form_version}}

    def _base(self, view: View, edit: Edit, kind: str) -> list[str]:
        """Return what the author had seen: in an open conflict only own words, as ending one takes a decision."""
        if "base" in edit:
            return list(edit["base"])
        heads = view.heads.get((edit["entity"], edit["field"]), [])
        own = [head.op for head in heads if head.device == self.device]
        if kind != "resolve" and edit["entity"] != REVIEW and len(view.current(edit["entity"], edit["field"])) > 1:
            return own
        return [head.op for head in heads]

    def compose(self, report: str, kind: str, edits: list[Edit], **changes: Any) -> dict[str, Any]:
        """Build the payload of this device's next op."""
        self.pen.n, self.pen.prev, self.pen.beacon = self.disk.n, self.disk.prev, self.disk.beacon
        return self.pen.payload(report, kind, edits, **{"begins": False, **changes})

    def keep(self, payload: dict[str, Any], poison: str | None = None, jws: str | None = None) -> Row:
        """Sign an op and put it on the disk together with the device's count. `poison` says why it cannot stand."""
        jws = jws or self.pen.sign(payload)
        row = Row(jws, sha256(jws), payload)
        self.disk.rows[row.sha256] = row
        self.disk.n, self.disk.prev = payload["n"], row.sha256
        self._saved(self, row, poison)
        return row

    def keep_string(self, text: str, poison: str) -> Row:
        """Put a string that is no op into the outbox: what a fault of the app, or a stranger, might leave there."""
        row = Row(text, sha256(text) if text.isascii() else text, None)
        self.disk.rows[row.sha256] = row
        self._saved(self, row, poison)
        return row


def _is_idle(view: View, edit: Edit) -> bool:
    """Tell whether an edit would change nothing that anybody can see."""
    if edit["field"] == ENTITY:
        return False
    found = view.current(edit["entity"], edit["field"])
    if not found:
        return edit["value"] in (None, "") or (edit["value"] is False and is_set_member(edit["field"]))
    return len(found) == 1 and same(found[0].value, edit["value"])


def made(entity: str, into: str) -> Edit:
    return {"entity": entity, "field": ENTITY, "value": {"list": into, "parent": None}}


def given(entity: str, **values: Any) -> list[Edit]:
    return [{"entity": entity, "field": name, "value": value} for name, value in values.items()]
