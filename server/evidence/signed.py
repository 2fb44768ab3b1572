"""Which bytes a photo's own ops have signed for: what decides between two uploads under one photo id."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from server.feed import service as feed
from server.feed.service import HistoryEntry
from sync.verdicts import Verdict

HASH = "sha256"
_WAITING = "waiting_for_base"


def signed_hashes(
    session: Session, report: str, photos: Collection[str], writers: Collection[str]
) -> dict[str, set[str]]:
    """Return {photo: hashes} of those photos of a report that an op signed for.

    The report's snapshot says it. Where it does not know a photo yet, the ops do: while those that came just now are
    being judged, the snapshot is still the one from before.
    """
    found = _in_snapshot(session, report, photos)
    unknown = set(photos) - set(found)
    if unknown:
        for photo, digest in _in_ops(session, report, writers):
            if photo in unknown:
                found.setdefault(photo, set()).add(digest)
    return found


def _in_snapshot(session: Session, report: str, photos: Collection[str]) -> dict[str, set[str]]:
    if not feed.exists(session, report):
        return {}
    fields = json.loads(feed.copy(session, report)[0])["snapshot"]["fields"]
    heads = {photo: fields.get(photo, {}).get(HASH, []) for photo in photos}
    return {photo: {str(head["value"]) for head in found} for photo, found in heads.items() if found}


def _in_ops(session: Session, report: str, writers: Collection[str]) -> list[tuple[str, str]]:
    payloads = [each.payload for each in feed.history(session, report) if _may_stand(each, writers)]
    edits: list[dict[str, Any]] = [edit for each in payloads if each for edit in each["edits"]]
    return [(edit["entity"], str(edit["value"])) for edit in edits if edit["field"] == HASH]


def _may_stand(entry: HistoryEntry, writers: Collection[str]) -> bool:
    """Tell whether an op may be part of the report: not refused, and of one of those who write it."""
    refused = entry.verdict == Verdict.QUARANTINED and entry.reason != _WAITING
    return not refused and entry.payload is not None and entry.payload["actor"] in writers
