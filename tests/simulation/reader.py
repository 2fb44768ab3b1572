"""A phone that follows the feed by the app's rules (pwa/src/outbox/pull.ts)."""

from typing import Any

from sync.patch import patched
from tests.simulation.client import MENDS_ITSELF
from tests.simulation.delivery import PAGE, STRANGER, Sender, unsent
from tests.simulation.wire import Offline, Problem

RUN_AGAIN = MENDS_ITSELF | {"revoked_device"}
Copy = dict[str, Any]


class Phone(Sender):
    """The whole phone. `followed`: its last cycle came to the end of the feed; `trouble`: what kept it from that."""

    followed = False
    trouble: Exception | None = None

    def sync(self) -> bool:
        """Run one cycle: deliver, then follow; return whether ops must be delivered again, or something failed."""
        again = failed = self.followed = False
        self.trouble = None
        try:
            try:
                self.push()
            except Problem as problem:
                if problem.code == STRANGER:
                    raise
                failed, self.trouble = True, problem
            if self.may_read():
                again = self.pull()
                self.followed = True
        except (Offline, Problem) as trouble:
            self.trouble = trouble
            return True
        # What was refused by a server that had forgotten this phone waits again by now.
        return again or failed or (self.told_of_itself and any(self.waiting()))

    def pull(self) -> bool:
        """Follow the feed to its end; return whether ops must be delivered again. Raises Offline and Problem."""
        again = False
        while True:
            page = self.ask()
            if page is None:
                return again
            lost = self.take(page)
            again = again or lost
            if not page["more"]:
                return again

    def ask(self) -> dict[str, Any] | None:
        """Ask for what follows the cursor; None where the server says that nothing does."""
        cursor, mark = self.disk.cursor, self.disk.etag
        etag = mark[1] if mark and mark[0] == cursor and not self.disk.missing else None
        query = f"limit={PAGE}&device={self.device}&unsent={unsent(self)}" + (f"&cursor={cursor}" if cursor else "")
        answer = self.call("GET", f"/api/pull?{query}", headers={"If-None-Match": etag} if etag else {})
        if answer.status == 304 and etag:
            return None
        page: dict[str, Any] = answer.json
        given = answer.headers.get("ETag")
        page["mark"] = (cursor, given) if given and page["cursor"] == cursor else None
        return page

    def take(self, page: dict[str, Any]) -> bool:
        """Put a page on the disk, all of it or nothing; return whether ops must be delivered again."""
        copies, missing = self._copies_of(page)
        self.seen["patched"] += sum("patch" in change for change in page["changes"])
        self.seen["left"] += len(page["left"])
        disk = self.disk
        if page["reset"]:
            self._start_anew()
        disk.doubtful -= {change["report"] for change in page["changes"]}
        gone = {*page["left"], *(report for report, copy in copies.items() if copy is None)}
        if not page["more"]:
            gone |= disk.doubtful
            disk.doubtful = set()
        kept = {report: copy for report, copy in copies.items() if copy is not None}
        disk.copies.update(kept)
        for report in sorted(gone):
            self._leave(report)
        again = [self._settle_by(copy) for copy in kept.values()]
        disk.cursor, disk.etag, disk.missing = page["cursor"], page["mark"], missing
        disk.beacon = page["beacon"] or disk.beacon
        return page["reset"] or any(again)

    def _copies_of(self, page: dict[str, Any]) -> tuple[dict[str, Copy | None], set[str]]:
        """Work out the copies that a page leads to; fetch those that no patch leads to."""
        copies: dict[str, Copy | None] = {}
        wanted = set() if page["reset"] else set(self.disk.missing)
        for change in page["changes"]:
            report = change["report"]
            if "patch" not in change:
                copies[report] = change
                wanted.discard(report)
            elif report not in wanted:
                before = copies.get(report) or self.disk.copies.get(report)
                try:
                    copies[report] = patched(before or {"seq": -1}, change)
                except ValueError:
                    wanted.add(report)
        missing = set()
        for report in sorted(wanted - set(page["left"])):
            try:
                copies[report] = self._fetch(report)
            except Problem as failed:
                if failed.status < 500 or failed.code == STRANGER:
                    raise
                copies.pop(report, None)
                missing.add(report)
        return copies, missing

    def _fetch(self, report: str) -> Copy | None:
        """Return a report as the feed would serve it whole; None where it is out of this reader's sight."""
        try:
            found: Copy = self.call("GET", f"/api/reports/{report}").json
        except Problem as failed:
            if failed.status == 404 and failed.code != STRANGER:
                return None
            raise
        return found

    def _start_anew(self) -> None:
        """Another epoch or scope: every copy is doubtful, and what was acknowledged is delivered again (P12)."""
        self.disk.doubtful = set(self.disk.copies)
        for row in self.disk.rows.values():
            if row.state in ("acked", "refused"):
                row.state, row.seq, row.settled_at = "pending", None, None

    def _leave(self, report: str) -> None:
        self.disk.copies.pop(report, None)
        for row in self.disk.rows.values():
            if row.report == report and row.state in ("acked", "refused"):
                row.seq = -1

    def _settle_by(self, copy: Copy) -> bool:
        """Take from a copy what the server has judged again of own ops; return whether any must go once more."""
        refused = {each["sha256"]: each["reason"] for each in copy["quarantined"]}
        # Where a copy lists only some, an op that it does not list goes out once more, and its receipt tells.
        is_whole = copy["kept"] <= len(copy["quarantined"])
        again = False
        for row in self.disk.rows.values():
            if row.report != copy["report"] or row.state != "refused":
                continue
            if row.sha256 in refused:
                # What had waited may have been refused for good since.
                row.reason = refused[row.sha256]
            elif row.reason in RUN_AGAIN and row.seq is not None and row.seq <= copy["seq"]:
                if is_whole:
                    row.state, row.verdict, row.reason = "acked", "applied", None
                else:
                    row.state, row.seq, row.settled_at, again = "pending", None, None, True
        return again
