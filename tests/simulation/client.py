"""A phone by the app's rules (pwa/src/outbox): what is on its disk, what it shows, and how it saves.

Whoever changes those rules changes them here: a value counts as saved when it is on the disk, an op leaves the pending
ones only on a receipt with its own hash, and what was acknowledged is kept to be given back.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.device import Device, sha256
from sync.merge import is_set_member, same
from sync.op import ENTITY, REVIEW
from tests.simulation.disk import Disk, Row
from tests.simulation.people import Identity
from tests.simulation.view import Edit, View
from tests.simulation.words import Ids

# Reasons that time or an update may mend: such an op is still laid over the copy.
MENDS_ITSELF = frozenset({"waiting_for_base", "waiting_for_report", "unknown_entity", "rule_failed", "unknown_form"})


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
        if row.payload is None:
            return False
        if row.state == "stuck" or (row.state == "pending" and row.verdict != "quarantined"):
            return True
        # One that is given back keeps its refusal until the server has judged it anew.
        if row.state in ("refused", "pending"):
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
