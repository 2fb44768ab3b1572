"""What changed between two snapshots of a report: so that one changed field costs a phone little (docs/sync.md)."""

from collections.abc import Mapping
from typing import Any

from sync.merge import Snapshot

Patch = dict[str, Any]
_PARTS = ("entities", "fields")


def difference(before: Snapshot, after: Snapshot) -> Patch:
    """Return what `patched` needs to make `after` of `before`. A snapshot only grows: nothing is ever taken out."""
    fields: dict[str, dict[str, Any]] = {}
    for entity, now in after["fields"].items():
        was = before["fields"].get(entity, {})
        changed = {name: heads for name, heads in now.items() if was.get(name) != heads}
        if changed:
            fields[entity] = changed
    return {
        "set": {
            name: each
            for name, each in after.items()
            if name not in _PARTS and (name not in before or before[name] != each)
        },
        "entities": {
            entity: about for entity, about in after["entities"].items() if before["entities"].get(entity) != about
        },
        "fields": fields,
    }


def patched(copy: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reader's copy with a change of the feed in it; one that it has already is passed over.

    Raises ValueError where a change between the two is missing: then the reader takes the whole copy anew.
    """
    if change["seq"] <= copy["seq"]:
        return dict(copy)
    if copy["seq"] != change["since"]:
        raise ValueError(f"the change follows on {change['since']}, not on {copy['seq']}")
    patch, before = change["patch"], copy["snapshot"]
    fields = dict(before["fields"])
    for entity, changed in patch["fields"].items():
        fields[entity] = {**fields.get(entity, {}), **changed}
    snapshot = {**before, **patch["set"], "entities": {**before["entities"], **patch["entities"]}, "fields": fields}
    return {**copy, **patch["facts"], "snapshot": snapshot, "seq": change["seq"]}
