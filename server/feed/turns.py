"""Whose turn it is while a report's ops are judged: always the first of those that nothing bars."""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from server.feed.work import Arrival
from sync import merge
from sync.op import late

# Bars an op whose author may not write to the report as it is now: what is judged before it may name them.
PERMISSION = "permission"


class Turns:
    """Gives each op its turn. One is looked at again only when what barred it has changed, however many wait."""

    def __init__(self, arrivals: Sequence[Arrival], known: set[str]):
        self._arrivals = arrivals
        self._waiting: dict[int, set[str]] = {}
        self._builders: dict[str, list[int]] = {}
        self._ready: list[int] = []
        self._barred: dict[str, list[int]] = {}
        here = {each.op.id for each in arrivals}
        for place, each in enumerate(arrivals):
            # Whoever decides about an op of now must find it judged.
            decided = {late(each.op) or ""} & here
            missing = self._waiting[place] = merge.missing_bases(each.op, known) | decided
            for base in missing:
                self._builders.setdefault(base, []).append(place)
            if not missing:
                self._ready.append(place)

    def next(self, bar_of: Callable[[Arrival], str | None]) -> Arrival | None:
        """Return the first op that nothing bars; `bar_of` names what does, which is `lift`ed when it has changed."""
        while self._ready:
            place = heappop(self._ready)
            bar = bar_of(self._arrivals[place]) if place in self._waiting else None
            if bar is not None:
                self._barred.setdefault(bar, []).append(place)
            elif self._waiting.pop(place, None) is not None:
                return self._arrivals[place]
        return None

    def judged(self, op: str) -> None:
        """Note that an op has been judged: what builds on it need not wait for it."""
        for place in self._builders.pop(op, ()):
            missing = self._waiting.get(place, set())
            missing.discard(op)
            if not missing:
                heappush(self._ready, place)

    def lift(self, bar: str) -> None:
        """Let those be looked at again whom something had barred."""
        for place in self._barred.pop(bar, ()):
            heappush(self._ready, place)

    def left(self) -> list[Arrival]:
        """Return those who have had no turn, in their order."""
        return [self._arrivals[place] for place in sorted(self._waiting)]

    def take_out(self, refused: Callable[[Arrival], bool]) -> list[Arrival]:
        """Take out those who will have none."""
        places = [place for place in sorted(self._waiting) if refused(self._arrivals[place])]
        for place in places:
            del self._waiting[place]
        return [self._arrivals[place] for place in places]
