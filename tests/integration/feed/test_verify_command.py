"""`holdfast verify`: what an operator sees of a walk, and its exit codes."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import update

from demo.device import sha256
from demo.phone import Phone
from server import cli
from server.audit.models import AuditEvent
from server.config import Settings
from server.feed.models import StoredOp
from tests.integration.feed.walks import change, payload, written
from tests.support.cast import Cast
from tests.support.databases import Database

Run = Callable[..., Result]
PhoneOf = Callable[..., Phone]


@pytest.fixture
def environment(database: Database, settings: Settings) -> dict[str, str]:
    return {
        "HOLDFAST_MODE": "test",
        "HOLDFAST_SECRET_KEY": settings.secret_key,
        "HOLDFAST_DATABASE_URL": database.url,
        "HOLDFAST_SIGNING_KEY_FILE": str(settings.signing_key_file),
        "HOLDFAST_BLOB_DIR": str(settings.blob_dir),
    }


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
        monkeypatch.delenv(name)

    def call(*words: str, **changes: str) -> Result:
        return CliRunner().invoke(cli.main, ["verify", *words], env={**environment, **changes})

    return call


def test_what_fits_is_counted_and_its_heads_are_printed(cast: Cast, phone_of: PhoneOf, run: Run) -> None:
    phone = phone_of(cast.officer)
    written(phone)
    found = run()
    assert (found.exit_code, found.stderr) == (0, "")
    audit, feed = found.stdout.splitlines()
    assert audit.startswith("ok    audit  ")
    said = "ok    feed   ops 2, statements 1, reports 1: all fit; the last statement has the hash "
    assert feed == f"{said}{phone.beacon}"


def test_a_misfit_is_one_line_and_exit_1(cast: Cast, phone_of: PhoneOf, run: Run) -> None:
    _, (jws, _) = written(phone_of(cast.officer))
    altered = jws[:50] + ("A" if jws[50] != "A" else "B") + jws[51:]
    change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(jws=altered))
    found = run()
    assert found.exit_code == 1
    said = "the string is not the one that was acknowledged"
    assert found.stdout.splitlines()[1] == f"FAIL  feed   op {payload(jws)['op']}, jws, byte 50: {said}"


def test_a_misfit_of_the_audit_chain_alone_is_exit_1_too(app: Flask, cast: Cast, run: Run) -> None:
    change(update(AuditEvent).where(AuditEvent.n == 2).values(action="user.other"))
    found = run()
    assert found.exit_code == 1
    audit, feed = found.stdout.splitlines()
    assert audit == "FAIL  audit  event 2: the event was changed"
    assert feed.startswith("ok    feed")
    assert json.loads(run("--json").stdout)["fits"] is False


def test_remarks_are_noted_and_are_no_failure(cast: Cast, phone_of: PhoneOf, run: Run) -> None:
    phone = phone_of(cast.officer)
    phone.n = 4
    written(phone)
    found = run()
    assert found.exit_code == 0
    assert found.stdout.splitlines()[2:] == [
        f"note  feed   device {phone.device}: no op with the count 1 to 4 is stored"
    ]


def test_one_json_object_says_the_same(cast: Cast, phone_of: PhoneOf, run: Run) -> None:
    phone = phone_of(cast.officer)
    _, (jws, _) = written(phone)
    good = run("--json")
    assert good.exit_code == 0
    told = json.loads(good.stdout)
    assert (told["fits"], told["audit"]["problem"], told["feed"]["misfit"]) == (True, None, None)
    assert (told["feed"]["ops"], told["feed"]["head"], told["feed"]["remarks"]) == (2, phone.beacon, [])
    change(update(StoredOp).where(StoredOp.sha256 == sha256(jws)).values(kind="edit!"))
    bad = run("--json")
    assert bad.exit_code == 1
    told = json.loads(bad.stdout)
    assert told["fits"] is False
    said = "found 'edit!', expected 'edit': the column is not what the op says"
    misfit = {"table": "op", "row": payload(jws)["op"], "column": "kind", "offset": 4, "said": said}
    assert told["feed"]["misfit"] == misfit


def test_a_walk_that_could_not_run_is_exit_2(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = run(HOLDFAST_DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    assert (empty.exit_code, empty.stdout, empty.stderr.count("\n")) == (2, "", 1)
    assert "run `holdfast doctor`" in empty.stderr
    assert run(HOLDFAST_SECRET_KEY="").exit_code == 2
    (tmp_path / "no.pem").write_text("no key")
    assert run("--former-key", str(tmp_path / "no.pem")).exit_code == 2
    assert run("--former-key", str(tmp_path / "absent.pem")).exit_code == 2
    monkeypatch.setattr(cli, "verify_feed", lambda *_, **__: 1 / 0)
    failed = run()
    assert failed.exit_code == 2
    assert "The walk ended with an error (ZeroDivisionError), not with a finding." in failed.stderr


def test_a_long_walk_says_how_far_it_has_come(
    app: Flask, cast: Cast, phone_of: PhoneOf, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(phone_of(cast.officer))
    monkeypatch.setattr(cli, "PROGRESS_SECONDS", 0)
    found = run("--json")
    assert found.stderr.splitlines() == [
        "receipt_log: 1 of 1", "op: 1 of 2", "op: 2 of 2", "device chains: 1 of 2", "device chains: 2 of 2",
        "report: 1 of 1",
    ]  # fmt: skip
    assert json.loads(found.stdout)["fits"] is True
