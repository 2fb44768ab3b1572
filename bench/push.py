"""How many signed ops a second a real server stores: 8 clients, batches of 20 ops of about 1 KB, fsync on."""

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, create_engine, text

from bench.report import Figure, figure
from bench.server import hire, migrate, running, settings_for, stored_ops
from demo.phone import Phone
from demo.wire import http as over_http
from tools.services import Postgres

CLIENTS, BATCHES, OPS, RUNS = 8, 50, 20, 5


def on_postgresql() -> list[Figure]:
    server = Postgres(fsync=True)
    try:
        figures = _measure("push_ops_per_s_postgresql", server.create("bench"), "PostgreSQL 18, fsync on")
        raw = [_raw_rate(server.create(f"raw_{run}")) for run in range(RUNS)]
    finally:
        server.stop()
    return [*figures, figure("raw_insert_rows_per_s_postgresql", "rows/s", raw, "PostgreSQL 18, fsync on")]


def on_sqlite() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        return _measure("push_ops_per_s_sqlite", f"sqlite:///{folder}/bench.db", "SQLite, WAL, synchronous=FULL")


def _measure(name: str, url: str, durability: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        settings = settings_for(url, Path(folder))
        migrate(settings)
        with running(settings, Path(folder)) as server:
            people = hire(settings, CLIENTS)
            phones = [Phone(transport=over_http(server.base), person=each).sign_in().enrol() for each in people]
            # The first run is not counted: a server that has just started compiles its statements in it.
            rates = [_run(server.base, phones) for _ in range(RUNS + 1)][1:]
            stored = stored_ops(url)
    sent = (RUNS + 1) * CLIENTS * BATCHES * OPS
    if stored != sent:
        raise SystemExit(f"{name}: {sent} ops were acknowledged, {stored} are stored")
    return [figure(name, "ops/s", rates, durability, f"{stored} stored = acknowledged")]


def batches(phone: Phone) -> list[bytes]:
    """Sign what one client will push: each batch one report with 20 edits of its narrative of about 1 KB."""
    made = []
    for _ in range(BATCHES):
        report = phone.new_id()
        phone.pending.clear()
        for number in range(OPS):
            phone.edit(report, {"narrative": f"{number:3} " + "What was seen, in plain words. " * 10})
        made.append(json.dumps({"ops": phone.pending}).encode())
    phone.pending.clear()
    return made


def _run(base: str, phones: list[Phone]) -> float:
    """Push everything from all clients at once; return ops per second over the wall time."""
    work = [(phone.token, batches(phone)) for phone in phones]
    failures: list[str] = []
    threads = [threading.Thread(target=_client, args=(base, token, bodies, failures)) for token, bodies in work]
    began = time.perf_counter()
    _together(threads)
    took = time.perf_counter() - began
    if failures:
        raise SystemExit(f"a push failed: {failures[0]}")
    return CLIENTS * BATCHES * OPS / took


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(base: str, token: str, bodies: list[bytes], failures: list[str]) -> None:
    where = urlsplit(base)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=120)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for body in bodies:
        connection.request("POST", "/api/push", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        receipts = json.loads(content).get("receipts", []) if answer.status == 200 else []
        if [each["verdict"] for each in receipts] != ["applied"] * OPS:
            failures.append(f"{answer.status} {content[:300]!r}")
            return


def _raw_rate(url: str) -> float:
    """Insert rows of the ops' size with nothing around them: 8 connections, 20 rows a statement and a commit each."""
    engine = create_engine(url, pool_size=CLIENTS)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE raw (id text PRIMARY KEY, sha256 text, jws text, device_id text, n bigint, seq bigint)")
        )
    threads = [threading.Thread(target=_inserter(engine, client)) for client in range(CLIENTS)]
    began = time.perf_counter()
    _together(threads)
    took = time.perf_counter() - began
    engine.dispose()
    return CLIENTS * BATCHES * OPS / took


def _inserter(engine: Engine, client: int) -> Callable[[], None]:
    def insert() -> None:
        marks = ", ".join(f"(:i{n}, :s, :j, :d, :n{n}, :n{n})" for n in range(OPS))
        statement = text(f"INSERT INTO raw VALUES {marks}")
        fixed = {"s": "0" * 64, "j": "x" * 1000, "d": "0" * 36}
        for batch in range(BATCHES):
            ids = {f"i{n}": f"{client}-{batch}-{n}" for n in range(OPS)}
            with engine.begin() as connection:
                connection.execute(statement, {**fixed, **ids, **{f"n{n}": n for n in range(OPS)}})

    return insert
