"""A thousand phones in one process: requests made beforehand, a connection for each, waiting as the app does."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TextIO
from urllib.parse import urlsplit

from bench.line import Head, parse_head

# As in the app: no answer takes longer; a pause grows up to the longest, and is never shorter than the server asked.
TIMEOUT, FIRST_PAUSE, LONGEST_PAUSE = 30.0, 2.0, 300.0
_BUSY = frozenset({429, 503})


@dataclass(frozen=True)
class Batch:
    """A push as it goes over the wire, and what its receipts must name; holds travel in batches of their own."""

    request: bytes
    hashes: frozenset[str]
    holds: bool


@dataclass(frozen=True)
class Load:
    """What one phone does when it comes back, `at` seconds after the first: its batches in order, then one pull."""

    at: float
    batches: Sequence[Batch]
    pull: bytes
    ops: int


@dataclass
class Outcome:
    """What happened. Times are in seconds; those of day are counted from the first connection."""

    pushes: list[float] = field(default_factory=list)
    pulls: list[float] = field(default_factory=list)
    hold_waits: list[float] = field(default_factory=list)
    last_hold: float = 0.0
    last_text: float = 0.0
    drained: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)


class Wrong(Exception):
    """A phone met what must not be; the message says what."""


def storm(base: str, loads: Iterable[Load], acknowledged: Path, most: float) -> Outcome:
    """Let all phones come back; write every receipt to a file. Raises Wrong, also when `most` seconds do not do."""
    with acknowledged.open("w") as log:
        crowd = _Crowd(base, log)
        try:
            asyncio.run(crowd.run(list(loads), most))
        except TimeoutError as late:
            raise Wrong(f"not drained within {most:.0f} s: {dict(crowd.outcome.statuses)}") from late
    return crowd.outcome


class _Crowd:
    def __init__(self, base: str, log: TextIO):
        where = urlsplit(base)
        self.host, self.port = str(where.hostname), int(where.port or 80)
        self.log = log
        self.outcome = Outcome()
        self.began = 0.0

    def now(self) -> float:
        return time.perf_counter() - self.began

    async def run(self, loads: list[Load], most: float) -> None:
        self.began = time.perf_counter()
        async with asyncio.timeout(most):
            await asyncio.gather(*(_Phone(self, load, Random(place)).live() for place, load in enumerate(loads)))
        self.outcome.drained = self.now()


class _Phone:
    def __init__(self, crowd: _Crowd, load: Load, chance: Random):
        self.crowd, self.load, self.chance = crowd, load, chance
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.attempts = 0

    async def live(self) -> None:
        await asyncio.sleep(self.load.at)
        outcome = self.crowd.outcome
        for batch in self.load.batches:
            self._settle(batch, await self._until_taken(batch.request, outcome.pushes))
        found = json.loads(await self._until_taken(self.load.pull, outcome.pulls))
        shown = sum(change["snapshot"]["ops"] for change in found["changes"])
        if shown != self.load.ops or found["more"]:
            raise Wrong(f"a phone pulled reports with {shown} ops after it had delivered {self.load.ops}")
        self._hang_up()

    def _settle(self, batch: Batch, body: bytes) -> None:
        receipts = json.loads(body)["receipts"]
        if {each["sha256"] for each in receipts} != batch.hashes or len(receipts) != len(batch.hashes):
            raise Wrong("a push was answered with other receipts than those of its ops")
        self.crowd.log.writelines(f"{each['op']} {each['sha256']} {each['verdict']}\n" for each in receipts)
        outcome, now = self.crowd.outcome, self.crowd.now()
        if batch.holds:
            outcome.last_hold = now
            outcome.hold_waits.append(now - self.load.at)
        else:
            outcome.last_text = now

    async def _until_taken(self, request: bytes, times: list[float]) -> bytes:
        """Send until the server takes it, pausing as long as it asks, with full jitter; return the answer's body."""
        while True:
            began = time.perf_counter()
            head, body = await self._ask_patiently(request)
            self.crowd.outcome.statuses[head.status] += 1
            if head.status == 200:
                times.append(time.perf_counter() - began)
                return body
            if head.status not in _BUSY or "retry-after" not in head.headers:
                raise Wrong(f"the server answered {head.status} {dict(head.headers)} {body[:300]!r}")
            self._hang_up()
            ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self.attempts)
            self.attempts += 1
            asked = float(head.headers["retry-after"]) * (1 + self.chance.random() / 4)
            await asyncio.sleep(max(self.chance.random() * ceiling, asked))

    async def _ask_patiently(self, request: bytes) -> tuple[Head, bytes]:
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._ask(request)
        except TimeoutError as late:
            outcome = self.crowd.outcome
            met = f"{dict(outcome.statuses)} until then, at {self.crowd.now():.0f} s"
            raise Wrong(f"an answer took more than {TIMEOUT:.0f} s; {met}") from late

    async def _ask(self, request: bytes) -> tuple[Head, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.crowd.host, self.crowd.port, limit=1 << 20)
        reader, writer = self.streams
        writer.write(request)
        head = parse_head(await reader.readuntil(b"\r\n\r\n"))
        body = head.decoded(await reader.readexactly(head.length))
        if head.closes:
            self._hang_up()
        return head, body

    def _hang_up(self) -> None:
        if self.streams is not None:
            with suppress(OSError):
                self.streams[1].close()
            self.streams = None
