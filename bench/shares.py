"""Where a push spends its time: in signatures, reading, merging, SQL, commit, and the rest; in its own process."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import current_app
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from bench.push import CLIENTS, RUNS, batches
from bench.report import Figure, figure
from bench.server import hire, migrate, settings_for
from demo.phone import Phone
from demo.wire import in_process
from server.app import create_app
from server.feed import interpret, service
from server.feed.service import Push
from server.feed.signing import read, signature_fits
from tools.services import Postgres

# As many as meet in one transaction when eight clients push to two workers.
TOGETHER = 4
PARTS = ("verify", "parse", "merge", "sql", "commit")


def measure() -> list[Figure]:
    server = Postgres(fsync=True)
    try:
        runs = [_run(server.create(f"shares_{run}")) for run in range(RUNS)]
    finally:
        server.stop()
    where = f"PostgreSQL 18, fsync on, {TOGETHER} pushes of 20 ops a transaction, one process"
    shares = [
        figure(f"push_share_{part}_percent", "%", [100 * run[part] / run["all"] for run in runs], where)
        for part in (*PARTS, "rest")
    ]
    return [*shares, figure("push_in_process_us_per_op", "µs", [1e6 * run["all"] / run["ops"] for run in runs], where)]


def _run(url: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        settings = settings_for(url, Path(folder))
        migrate(settings)
        app = create_app(settings)
        with app.app_context():
            phones = [
                Phone(transport=in_process(app.test_client()), person=each).sign_in().enrol()
                for each in hire(settings, CLIENTS)
            ]
            load_actor = current_app.extensions["load_actor"]
            pushes = [
                Push(load_actor(phone.token), json.loads(body)["ops"], None)
                for phone in phones
                for body in batches(phone)
            ]
            warm, measured = pushes[: 5 * TOGETHER], pushes[5 * TOGETHER :]
            _take(warm)
            with _timed() as spent:
                began = time.perf_counter()
                _take(measured)
                spent["all"] = time.perf_counter() - began
        spent["rest"] = spent["all"] - sum(spent[part] for part in PARTS)
        spent["ops"] = sum(len(each.tokens) for each in measured)
        return spent


def _take(pushes: Sequence[Push]) -> None:
    for first in range(0, len(pushes), TOGETHER):
        service.take_together(pushes[first : first + TOGETHER])


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Add up the time within each part. What a part spends in SQL (a conflict's history) counts as both; rare here."""
    spent = dict.fromkeys(PARTS, 0.0)

    def timing(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[part] += time.perf_counter() - began

        return timed

    def before(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def after(connection: Any, *_: Any) -> None:
        spent["sql"] += time.perf_counter() - connection.info["began"]

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        with (
            patch.object(interpret, "signature_fits", timing("verify", signature_fits)),
            patch.object(service, "read", timing("parse", read)),
            patch.object(interpret, "_judge_safely", timing("merge", interpret._judge_safely)),
            patch.object(Session, "commit", timing("commit", Session.commit)),
        ):
            yield spent
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
