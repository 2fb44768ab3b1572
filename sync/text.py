"""Free notes of two authors put together sentence by sentence, or not at all.

Nothing is ever mixed within a sentence: "went south" and "went east" must not become testimony that nobody gave. And
between two changes at least one sentence must stand that neither touched, because neighbours read as one statement.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise, takewhile

# A sentence ends at a line's end, or at a mark that white space and a capital letter, a digit or a quotation mark
# follow. Where it is not sure that one ends, it goes on: a larger unit conflicts sooner, a smaller one mixes.
_END = re.compile(r"\n+|(?<=[.!?…])[\"'”’)\]]*[ \t]+(?=[\"'“‘(\[]?[A-ZÀ-ÖØ-Þ0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘])(?:[A-Za-z]|St|Ave|Blvd|Rd|Dr|Pl|Ct|Pkwy|Hwy|No|Nos|Ofc|Off|Sgt|Det|Lt|Capt|Cmdr|Supv|Agt|"
    r"Mr|Mrs|Ms|Jr|Sr|Dept|Dist|Bldg|Apt|Fl|approx|ca|vs|etc|e\.g|i\.e|[ap]\.m|U\.S|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|"
    r"Nov|Dec)\.\Z",
    re.IGNORECASE,
)
# What `_ABBREVIATION` can need of a sentence: more would be searched anew at each of its marks.
_LONGEST_ABBREVIATION = 12
# Up to so many pairs of sentences are compared one with another: 100 with 100. Far beyond it a text that repeats
# itself would keep a push waiting for minutes.
_MOST_PAIRS = 10_000


def sentences(text: str) -> list[str]:
    """Cut a text into sentences with the space that follows them; joined, they are the text again."""
    found: list[str] = []
    begins = 0
    for end in _END.finditer(text):
        before = text[max(begins, end.start() - _LONGEST_ABBREVIATION) : end.start()]
        if "\n" not in end.group() and _ABBREVIATION.search(before):
            continue
        found.append(text[begins : end.end()])
        begins = end.end()
    if begins < len(text):
        found.append(text[begins:])
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """The sentences from `start` up to `end` of the common text, and what stands in their place."""

    start: int
    end: int
    instead: tuple[str, ...]


def merge(common: str, one: str, other: str) -> str | None:
    """Return the text with the changes of both authors, or None where a person must decide; symmetric in the two.

    `common` is the text that both had seen.
    """
    base = sentences(common)
    changes = sorted(
        {*_changes(base, sentences(one)), *_changes(base, sentences(other))},
        key=lambda each: (each.start, each.end, each.instead),
    )
    for before, after in pairwise(changes):
        if after.start <= before.end:
            return None
    merged: list[str] = []
    reached = 0
    for each in changes:
        merged += [*base[reached : each.start], *each.instead]
        reached = each.end
    return "".join([*merged, *base[reached:]])


def _changes(base: list[str], text: list[str]) -> list[Change]:
    if len(base) * len(text) > _MOST_PAIRS:
        return _one_change(base, text)
    steps = SequenceMatcher(None, base, text, autojunk=False).get_opcodes()
    return [Change(start, end, tuple(text[left:right])) for tag, start, end, left, right in steps if tag != "equal"]


def _one_change(base: list[str], text: list[str]) -> list[Change]:
    """Take all from the first sentence that differs to the last as one change: a larger one conflicts sooner."""
    start = _alike(base, text)
    last = _alike(base[start:][::-1], text[start:][::-1])
    change = Change(start, len(base) - last, tuple(text[start : len(text) - last]))
    return [] if base == text else [change]


def _alike(one: list[str], other: list[str]) -> int:
    """Return how many sentences are the same from the beginning on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
