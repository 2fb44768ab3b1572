"""The faults that `mutants` plants: each a mistake that a server or an app of this kind has really been built with."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from flask import current_app
from sqlalchemy import delete, text

from server.db import db, unit_of_work
from server.feed import changes, finish, intake, pages, service, store
from server.feed.keyring import KeyRing
from server.feed.models import StoredOp
from sync import merge
from sync import text as sentences
from tests.simulation.delivery import Sender

_BLOCK = 64


def _plant(where: Any, name: str, instead: Any) -> None:
    """Put something in the place of a function of the server or the app, for as long as this process lives."""
    patch.object(where, name, instead).start()


def _draw(uow: Any) -> None:
    """Take numbers as a sequence gives them: at once, for good, and with no lock that would order the commits."""
    statement = text(f"UPDATE feed_counter SET seq = seq + {_BLOCK} RETURNING seq")
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        drawn = connection.scalar(statement)
    uow.session.info["drawn"] = drawn - _BLOCK if drawn is not None else None


def _number_by_sequence() -> None:
    """Let the finisher use the numbers that were drawn; the log of receipts stays as it is."""
    take = finish.take_numbers

    def take_numbers(session: Any, steps: int) -> Any:
        drawn = session.info.pop("drawn", None)
        if drawn is None:
            return take(session, steps)
        return {**take(session, 0), "seq": drawn + steps}

    _plant(finish, "take_numbers", take_numbers)


def naive_cursor() -> None:
    """Ops are numbered by a sequence as they come in, and readers ask for `seq > cursor`."""
    _number_by_sequence()
    sort_out = intake._sort_out

    def numbered(uow: Any, envelopes: Any) -> Any:
        fresh, known = sort_out(uow, envelopes)
        if fresh:
            _draw(uow)
        return fresh, known

    _plant(intake, "_sort_out", numbered)


def counter_taken_first() -> None:
    """The counter is advanced before the work, in a transaction of its own, so that nobody waits for its row."""
    _number_by_sequence()
    take = intake.take_in

    def take_in(uow: Any, *rest: Any) -> Any:
        _draw(uow)
        return take(uow, *rest)

    _plant(service, "take_in", take_in)


def ack_before_commit() -> None:
    """The answer goes out when the statements have run; the commit that follows may fail unheard."""
    begin = unit_of_work

    @contextmanager
    def hasty(actor: Any) -> Iterator[Any]:
        finishers = current_app.extensions["finishers"]
        answered = []

        def answer(_uow: Any) -> None:
            answered.append(True)

        finishers.append(answer)
        try:
            with begin(actor) as uow:
                yield uow
        except BaseException:
            if not answered:
                raise
        finally:
            finishers.remove(answer)

    _plant(service, "unit_of_work", hasty)


def prune_without_receipt() -> None:
    """The phone takes any answer to a push for a receipt of all that it sent."""

    def settle(self: Sender, batch: Sequence[Any], answer: dict[str, Any]) -> int:
        for sent in batch:
            if sent.sha256 in self.disk.rows:
                row = self.disk.rows[sent.sha256]
                row.state, row.seq, row.settled_at = "acked", 0, self.network.server.now
        return len(batch)

    _plant(Sender, "settle", settle)


def _heads_by(keep: Callable[[list[dict[str, Any]], str], dict[str, Any]]) -> None:
    """Let a field have one head, whatever its authors had seen."""
    apply = merge.apply

    def applied(snapshot: Any, op: Any, *times: Any) -> Any:
        after, _ = apply(snapshot, op, *times)
        for edit in op.edits:
            heads = after["fields"][edit.entity]
            heads[edit.field] = [keep(heads[edit.field], op.id)]
        return after, False

    _plant(merge, "apply", applied)


def last_write_wins() -> None:
    """Of several values, that one stands whose device says the latest time."""
    _heads_by(lambda heads, _op: max(heads, key=lambda head: (head["wall"], head["op"])))


def base_ignored() -> None:
    """An op takes the place of whatever stands, seen by its author or not."""
    _heads_by(lambda heads, op: next(head for head in heads if head["op"] == op))


def fuzzy_text_merge() -> None:
    """Two texts are put together word by word."""

    def words(whole: str) -> list[str]:
        return re.findall(r"\S+\s*", whole)

    _plant(sentences, "sentences", words)


def quarantine_that_drops() -> None:
    """What cannot be applied is answered with its reason, and not kept."""
    write = store.write_ops

    def write_ops(uow: Any, left: Any) -> None:
        write(uow, left)
        refused = [each.id for each in left.outcomes if each.verdict == "quarantined" and not each.clash]
        uow.session.execute(delete(StoredOp).where(StoredOp.id.in_(refused)))

    _plant(store, "write_ops", write_ops)


def replay_applied_twice() -> None:
    """What was stored before is judged and applied again when it comes again."""
    sort_out = intake._sort_out

    def all_fresh(uow: Any, envelopes: Any) -> Any:
        fresh, known = sort_out(uow, envelopes)
        return [*fresh, *(each for each in envelopes if each.sha256 in known and each not in fresh)], known

    _plant(intake, "_sort_out", all_fresh)


def leave_entry_missing() -> None:
    """Readers who no longer see a report are not told to remove their copy."""
    write = changes.write_scopes

    def write_scopes(session: Any, wanted: Any, before: Any, seqs: Any) -> None:
        seeing = {
            report: {of: at for of, at in scopes.items() if of in wanted[report]} for report, scopes in before.items()
        }
        write(session, wanted, seeing, seqs)

    _plant(changes, "write_scopes", write_scopes)


def epoch_kept() -> None:
    """A restored server goes on as if nothing had happened."""
    _plant(service, "begin_epoch", lambda uow, cause: "")
    _plant(pages, "_is_beyond", lambda *_: False)


def poison_fails_the_push() -> None:
    """One op that cannot be read fails the delivery that it is in."""
    read = KeyRing.read

    def strict(self: KeyRing, token: str) -> Any:
        found = read(self, token)
        if found.op is None:
            raise ValueError("an op cannot be read")
        return found

    _plant(KeyRing, "read", strict)


# Where numbers may overtake one another it takes two writers at once, which SQLite does not have.
FAULTS: dict[str, tuple[str, Callable[[], None]]] = {
    "naive cursor": ("postgresql", naive_cursor),
    "counter taken first": ("postgresql", counter_taken_first),
    "ack before commit": ("sqlite", ack_before_commit),
    "prune without receipt": ("sqlite", prune_without_receipt),
    "last write wins": ("sqlite", last_write_wins),
    "base ignored": ("sqlite", base_ignored),
    "fuzzy text merge": ("sqlite", fuzzy_text_merge),
    "quarantine that drops": ("sqlite", quarantine_that_drops),
    "replay applied twice": ("sqlite", replay_applied_twice),
    "leave entry missing": ("sqlite", leave_entry_missing),
    "epoch kept after a restore": ("sqlite", epoch_kept),
    "poison fails the push": ("sqlite", poison_fails_the_push),
}
