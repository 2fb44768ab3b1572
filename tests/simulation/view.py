"""A report as a phone shows it (pwa/src/outbox/view.ts, pwa/src/sync/overlay.ts)."""

from dataclasses import dataclass
from typing import Any

from sync.merge import is_set_member, same
from sync.op import ENTITY, REVIEW
from tests.simulation.disk import Row

Edit = dict[str, Any]


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
        self._stands = {place: {head.op for head in heads} for place, heads in self.heads.items()}
        known = self._descended([row.payload for row in rows if row.payload])
        laid: set[tuple[str, str, str]] = set()
        for row in rows:
            self._lay(row, known, laid)

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

    def _lay(self, row: Row, known: set[tuple[str, str, str]], laid: set[tuple[str, str, str]]) -> None:
        payload = row.payload or {"op": "", "edits": []}
        op = payload["op"]
        for edit in payload["edits"]:
            place = edit["entity"], edit["field"]
            # An op whose receipt was lost may stand in the copy already, or be built on there.
            if (op, *place) in known or (row.is_given_back and not self._is_forgotten(edit, place, laid)):
                continue
            laid.add((op, *place))
            kept = [head for head in self.heads.get(place, []) if head.op not in edit["base"]]
            self.heads[place] = [*kept, Head(op, payload["device"], edit["value"], tuple(edit["base"]))]

    def _is_forgotten(self, edit: Edit, place: tuple[str, str], laid: set[tuple[str, str, str]]) -> bool:
        """Tell whether the copy lacks an edit that the server had once: else it has taken its bases from the heads."""
        before = self._stands.get(place, set())
        return not before or any(base in before or (base, *place) in laid for base in edit["base"])

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
