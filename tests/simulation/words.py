"""What people of the simulation write: values of a few fields, and notes made of known sentences."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# No two share a word order, so that a sentence put together from two of them is none of these.
SENTENCES = (
    "Two agents stood at the corner.",
    "A white van drove south.",
    "Nobody answered when asked for a name.",
    "The third one wore a vest without a badge.",
    "A woman was led to the car.",
    "Her son stayed behind at the door.",
    "We asked for the supervisor twice.",
    "The camera was on the whole time.",
    "Rain began shortly after nine.",
)
_FIELDS: dict[str, tuple[Any, ...]] = {
    "address": ("W 26th St", "S Pulaski Rd", "Cermak & Wood", ""),
    "narrative": ("They went south.", "They went east.", "They stood still.", "Nobody saw where they went."),
    "beat": ("1013", "1031", None),
    "district": ("010", "012", None),
    "trigger": ("observed", "reported", "both"),
    "occurred_from": ("2026-11-23T21:10:00-06:00", "2026-11-23T21:25:00-06:00"),
    # The server has no such field: it keeps what it does not know.
    "weather": ("rain", "fog"),
    "observed/mask": (True, False),
    "observed/no_camera": (True, False),
    "lat": (41.85, 41.9, 0),
}
FIELDS = tuple(_FIELDS)
LISTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "agents": {"agency": ("ice_ero", "cbp"), "basis/vest": (True, False), "worn_code": ("A1", "B2")},
    "vehicles": {"plate": ("AB 12", "CD 34"), "colour": ("white", "black")},
    "officers": {"star": ("12345", "12346", "22345", "54321")},
    "attempts": {"rung": ("name", "badge"), "words": ("Asked.", "Asked again.")},
    "photos": {"sha256": ("a" * 64, "b" * 64), "caption": ("front", "side")},
    "notes": {},
    "footage": {"kind": ("bwc",), "wearer_star": ("12345", "12346"), "why": ("force", "witness")},
}
COMPLETE = {"address": "W 24th St", "occurred_from": "2026-11-23T21:05:00-06:00", "narrative": "Two stood there."}
# What no form of this server takes: (field, value).
BAD_VALUES = (("address", 7), ("occurred_from", "yesterday"), ("lat", 1e300), ("narrative", "half\ud800"))
_OVERLARGE = "So many words. " * 2500
BROKEN = "a value on which the rule breaks"
# A field that only the next version of the form has.
NEW_FIELD = "weather_words"


def pick(options: Sequence[Any], choice: int) -> Any:
    return options[choice % len(options)]


def value_of(field: str, choice: int) -> Any:
    return pick(_FIELDS[field], choice)


def overlarge() -> str:
    """A text that no request to this server can carry."""
    return _OVERLARGE


def revised(text: str | None, choice: int) -> str:
    """Return a note with one sentence put in, replaced, taken out, or changed in one word."""
    before = sentences(text or "")
    new = SENTENCES[choice % len(SENTENCES)]
    at, how = (choice // len(SENTENCES)) % (len(before) + 1), choice % 4
    if not before:
        return " ".join([new, *(pick(SENTENCES, choice + step) for step in (2, 5, 7))])
    if how == 0 or at == len(before):
        after = [*before[:at], new, *before[at:]]
    elif how == 1 and choice % 8 < 4:
        after = [*before[:at], new, *before[at + 1 :]]
    elif how > 1:
        after = [*before[:at], _reworded(before[at], choice), *before[at + 1 :]]
    else:
        after = [*before[:at], *before[at + 1 :]]
    return " ".join(after)


def reworded(text: str, at: int, choice: int) -> str:
    """Return a note with another word in the sentence at a place."""
    after = sentences(text)
    after[at] = _reworded(after[at], choice)
    return " ".join(after)


def _reworded(sentence: str, choice: int) -> str:
    """Put another word in the place of one inside a sentence."""
    parts = sentence.split(" ")
    at = 1 + choice // 2 % max(len(parts) - 2, 1)
    return " ".join([*parts[:at], pick(("never", "slowly", "twice"), choice), *parts[at + 1 :]])


def sentences(text: str) -> list[str]:
    """Cut a note into its sentences, knowing how they were put together here."""
    return [each for each in re.split(r"(?<=\.) ", text) if each]


@dataclass
class Ids:
    """Ids that are the same in each repetition of a run: UUIDv7 by the device's clock, chance by count."""

    count: int = 0

    def next(self, moment: datetime) -> str:
        self.count += 1
        chance = int.from_bytes(hashlib.sha256(str(self.count).encode()).digest()[:10])
        number = int(moment.timestamp() * 1000) << 80 | chance
        number = number & ~(0xF << 76) | 0x7 << 76
        number = number & ~(0x3 << 62) | 0x2 << 62
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
