"""How many bytes one changed field of a 20 KB report costs: the phone that changed it, and another that receives it."""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.cast import deliver, equip, preparing
from bench.line import Answer, Line, request_of
from bench.report import Figure, figure
from bench.reports import write_report
from bench.server import running, settings_for
from bench.words import prose
from demo.phone import Phone
from sync.patch import patched

CHANGES, SIZE, SECTION = 9, 20_000, 40
# What Chrome on a phone adds to each request of the app by itself.
_BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Mobile Safari/537.36",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Sec-Ch-Ua": '"Chromium";v="141", "Not?A_Brand";v="8", "Google Chrome";v="141"',
    "Sec-Ch-Ua-Mobile": "?1",
    "Sec-Ch-Ua-Platform": '"Android"',
    "Sec-Fetch-Dest": "empty",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "same-origin",
}


@dataclass
class Cost:
    """Bytes over the wire, of bodies and of heads apart, both ways together."""

    bodies: int = 0
    heads: int = 0

    def add(self, answer: Answer) -> Answer:
        for heads, bodies in (answer.sent, answer.came):
            self.heads += heads
            self.bodies += bodies
        return answer

    @property
    def whole(self) -> int:
        return self.bodies + self.heads


@dataclass
class Reader:
    """A phone that follows the feed over a connection of its own, as the app does."""

    base: str
    phone: Phone
    line: Line
    cursor: str = ""
    etag: str = ""
    copies: dict[str, dict[str, object]] = field(default_factory=dict)

    def pull(self, cost: Cost) -> None:
        """Follow the feed to its end; every change must fit the copies that are here."""
        more = True
        while more:
            known = {"If-None-Match": self.etag} if self.etag else {}
            target = f"/api/pull?limit=100&cursor={self.cursor}&device={self.phone.device}&unsent=0"
            answer = cost.add(self.line.ask(self._request("GET", target, headers=known)))
            if answer.head.status == 304:
                return
            page = answer.json
            for change in page["changes"]:
                report = change["report"]
                self.copies[report] = patched(self.copies[report], change) if "patch" in change else change
            # An ETag tells of a request that is made again, so it is worth keeping only where the cursor stands still.
            self.etag = answer.head.headers["etag"] if page["cursor"] == self.cursor else ""
            self.cursor, more = page["cursor"], page["more"]

    def push(self, cost: Cost) -> None:
        body = json.dumps({"ops": self.phone.pending, "unsent": 0}, separators=(",", ":")).encode()
        page = cost.add(self.line.ask(self._request("POST", "/api/push", body, {"Origin": self.base}))).json
        if [each["verdict"] for each in page["receipts"]] != ["applied"]:
            raise SystemExit(f"wire_bytes_one_field: the change was not applied: {page}")
        self.phone.pending.clear()
        self.phone.beacon = page["beacon"]

    def _request(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
        return request_of(self.base, method, target, self.phone.token, body, {**_BROWSER, **(headers or {})})


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as given:
        folder = Path(given)
        settings = settings_for(f"sqlite:///{folder}/bench.db", folder)
        with preparing(settings) as app:
            author, partner = equip(app, 2)
            author.edit(author.new_id(), {"narrative": "An earlier report, so that a statement is known."})
            deliver(author)
            report = write_report(author, Random(1), partner="90001")
            deliver(author)
        with running(settings, folder) as server:
            writer, reader = (Reader(server.base, each, Line(server.base)) for each in (author, partner))
            costs = _changes(writer, reader, report)
    return _figures(costs, len(json.dumps(writer.copies[report], separators=(",", ":"))))


def _changes(writer: Reader, reader: Reader, report: str) -> list[tuple[Cost, Cost]]:
    chance, costs = Random(2), []
    for each in (writer, reader, writer, reader):
        each.pull(Cost())
    for _ in range(CHANGES):
        writer.phone.edit(report, {"address": prose(chance, SECTION)})
        wrote, read = Cost(), Cost()
        writer.push(wrote)
        writer.pull(wrote)
        reader.pull(read)
        costs.append((wrote, read))
        if reader.copies[report] != writer.copies[report]:
            raise SystemExit("wire_bytes_one_field: two phones that pulled the same hold different copies")
    return costs


def _figures(costs: list[tuple[Cost, Cost]], size: int) -> list[Figure]:
    if size < SIZE:
        raise SystemExit(f"wire_bytes_one_field: the report has {size} bytes only")
    wrote, read = sorted(costs, key=lambda each: max(each[0].whole, each[1].whole))[len(costs) // 2]
    note = (
        f"one field of {SECTION} characters of a copy of {size / 1000:.1f} KB, HTTP/1.1 as Chrome speaks it, no TLS; "
        f"who changed it (push, pull): {wrote.bodies} in bodies + {wrote.heads} in heads; "
        f"who receives it (pull): {read.bodies} + {read.heads}"
    )
    whole = [float(max(each.whole for each in pair)) for pair in costs]
    return [figure("wire_bytes_one_field", "bytes", whole, "does not matter here", note)]
