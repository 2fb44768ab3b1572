"""What a report's facts tell of ops that are kept aside and of remarks on others, worked out again and compared.

Only so would somebody be found who hides from the desk what a person wrote too late. Holds and photos, which stand
before them in the bytes, belong to other features and are taken as they are.
"""

import hashlib
import json

from sqlalchemy.orm import Session

from server.feed import aside
from server.feed.changes import compact
from server.feed.verify.places import Misfit, first_difference, path_at
from sync.merge import Snapshot

_BEGINS = b',"quarantined":['
# Deeper names are part of what people wrote.
_SHOWN_DEPTH = 2


def check_facts(session: Session, report: str, snapshot: Snapshot, facts: bytes) -> None:
    """Raise Misfit where a report's facts do not tell of kept ops and remarks as they are stored."""
    kept = aside.facts(
        aside.quarantined(session, [report], aside.settled_in([snapshot])).get(report),
        aside.flags(session, [report]).get(report),
    )
    expected = b"," + compact(kept)[1:]
    if facts.endswith(expected):
        try:
            json.loads(facts.decode("ascii"))
        except UnicodeDecodeError as bad:
            raise Misfit("report", report, "facts", bad.start, "they are no text") from bad
        except json.JSONDecodeError as bad:
            raise Misfit("report", report, "facts", bad.pos, "they are no JSON") from bad
        return
    begins = facts.find(_BEGINS)
    if begins < 0:
        begins = max(len(facts) - len(expected), 0)
    differs = first_difference(facts[begins:], expected)
    path = "/".join(path_at(compact(kept).decode(), differs).split("/")[:_SHOWN_DEPTH])
    hashes = f"found {_hash(facts[begins:])}, expected {_hash(expected)}"
    raise Misfit("report", report, "facts", begins + differs, f"{path}: other ops are kept than they tell of; {hashes}")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
