"""The command `holdfast`."""

import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import create_engine, text

from server.cli import main
from server.config import Settings
from tests.support.cast import Cast
from tests.support.databases import Database

Run = Callable[..., Result]
SECRET = "only-for-tests-0123456789-abcdefghijklm"


@pytest.fixture
def environment(database: Database, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment of a server on the test's database."""
    return {
        "HOLDFAST_MODE": "test",
        "HOLDFAST_SECRET_KEY": SECRET,
        "HOLDFAST_DATABASE_URL": database.url,
        "HOLDFAST_SIGNING_KEY_FILE": str(tmp_path / "server.pem"),
        "HOLDFAST_BLOB_DIR": str(tmp_path / "blobs"),
    }


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command as the operator would, with changes to the environment."""
    for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
        monkeypatch.delenv(name)

    def call(*words: str, change: Mapping[str, str | None] | None = None) -> Result:
        return CliRunner().invoke(main, words, env={**environment, **(change or {})})

    return call


def _password(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout.strip().splitlines()[-1]


def test_the_admin_command_does_what_the_admin_does(app: Flask, cast: Cast, run: Run) -> None:
    """The job, part 1: the CLI creates an officer, resets a password, suspends."""
    client = app.test_client()

    def status(password: str) -> int:
        return client.post("/api/session", json={"username": "nora", "password": password}).status_code

    words = ("create-user", "nora", "--name", "Nora New", "--role", "officer", "--star", "77001", "--district", "010")
    first = _password(run("admin", *words))
    assert status(first) == 200
    second = _password(run("admin", "reset-password", "Nora"))
    assert (status(first), status(second)) == (401, 200)
    assert run("admin", "suspend", "nora").output == "nora is suspended.\n"
    assert status(second) == 403
    assert run("admin", "reactivate", "nora").output == "nora is active.\n"
    assert status(second) == 200
    listed = run("admin", "list-users").stdout.splitlines()
    assert "nora\tofficer\t77001\t010\t-\tactive\tNora New" in listed
    assert "supervisor\tdesk\t40001\t010\tsupervisor\tactive\tSam Supervisor" in listed
    assert any(line.startswith("suspended\t") and "\tsuspended\t" in line for line in listed)
    assert run("verify").exit_code == 0


def test_the_first_admin_of_a_new_server_is_made_here(app: Flask, run: Run) -> None:
    password = _password(run("admin", "create-user", "root", "--name", "Ada", "--role", "admin", "--grant", "auditor"))
    answer = app.test_client().post("/api/session", json={"username": "root", "password": password})
    assert answer.json["user"]["grants"] == ["auditor"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("admin", "suspend", "nobody"), "There is no account with this user name."),
        (("admin", "create-user", "officer", "--name", "X", "--role", "admin"), "Another account has this user name"),
        (("admin", "create-user", "nora", "--name", "X", "--role", "desk"), "A desk needs the district"),
        (("admin", "create-user", "nora", "--name", "X", "--role", "chief"), "is not one of"),
        (("admin", "create-user", "nora"), "Missing option"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cast: Cast, run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_settings_that_do_not_allow_a_start_are_said_in_one_line(run: Run) -> None:
    """DESIGN §8: a weak or missing secret stops the start."""
    missing = run("admin", "list-users", change={"HOLDFAST_SECRET_KEY": None})
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)
    assert "HOLDFAST_SECRET_KEY is missing" in missing.stderr
    weak = run("worker", change={"HOLDFAST_MODE": "production", "HOLDFAST_SECRET_KEY": "password"})
    assert weak.exit_code == 1
    assert "can be guessed" in weak.stderr


def test_an_unreachable_database_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    result = run("admin", "list-users", change={"HOLDFAST_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "run `holdfast doctor`" in result.stderr


def test_every_command_explains_itself() -> None:
    def walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
        yield words, command
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield from walk(inner, (*words, name))

    found = dict(walk(main, ()))
    assert {" ".join(words) for words, each in found.items() if not isinstance(each, click.Group)} == {
        "admin create-user", "admin reset-password", "admin suspend", "admin reactivate", "admin list-users",
        "db upgrade", "worker", "verify", "rejudge", "restored", "openapi", "doctor",
    }  # fmt: skip
    for words, command in found.items():
        result = CliRunner().invoke(main, [*words, "--help"])
        assert result.exit_code == 0
        assert command.help is not None
        assert command.help.split("\n")[0].split()[0] in result.output


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"holdfast, version \d+\.\d+\.\d+\S*\n", CliRunner().invoke(main, ["--version"]).output)


def test_upgrade_builds_the_schema_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    change = {"HOLDFAST_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    for _ in range(2):
        assert run("db", "upgrade", change=change).output.endswith("The schema is at head.\n")
    assert run("admin", "list-users", change=change).exit_code == 0


def test_verify_names_the_first_event_that_does_not_fit(database: Database, cast: Cast, run: Run) -> None:
    """P13: tampering shows."""
    good = run("verify")
    assert good.exit_code == 0
    assert re.search(r"ok +audit +\d+ events fit; the last has the hash [0-9a-f]{64}", good.output)
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_event SET action = 'user.other' WHERE n = 2"))
    engine.dispose()
    bad = run("verify")
    assert bad.exit_code == 1
    assert "FAIL  audit  event 2: the event was changed" in bad.output


def test_rejudge_says_how_many_ops_it_lifted(cast: Cast, run: Run) -> None:
    found = run("rejudge")
    assert (found.exit_code, found.stdout) == (0, "0 ops are no longer quarantined\n")


def test_the_description_of_the_api_needs_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: the PWA's client is generated without a server, and the same each time."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
        monkeypatch.delenv(name)
    written = []
    for name in ("one.json", "two.json"):
        assert CliRunner().invoke(main, ["openapi", name]).exit_code == 0
        written.append((tmp_path / name).read_text())
    assert written[0] == written[1]
    assert "/api/session" in json.loads(written[0])["paths"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.json", "two.json"]


def test_a_path_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["openapi", str(tmp_path / "absent" / "api.json")])
    assert result.exit_code == 1
    assert "No such file" in result.stderr


@pytest.fixture
def neighbour() -> Iterator[str]:
    """The address of somebody who answers over HTTP."""

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def healthy(neighbour: str, tmp_path: Path) -> dict[str, str | None]:
    (tmp_path / "pwa").mkdir()
    (tmp_path / "pwa" / "index.html").write_text("<!doctype html>")
    return {
        "HOLDFAST_CUSTODIAN_URL": neighbour,
        "HOLDFAST_CUSTODIAN_SECRET": SECRET,
        "HOLDFAST_PWA_DIR": str(tmp_path / "pwa"),
    }


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_doctor_finds_a_healthy_server_healthy(run: Run, healthy: dict[str, str | None]) -> None:
    result = run("doctor", change=healthy)
    assert result.exit_code == 0, result.output
    names = ["settings", "signing key", "database", "schema", "photos", "redis", "custodian", "app"]
    assert [line[6:17].strip() for line in result.output.splitlines()] == names
    assert all(line.startswith("ok") for line in result.output.splitlines())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"HOLDFAST_SECRET_KEY": None}, r"settings .*HOLDFAST_SECRET_KEY is missing"),
        ({"HOLDFAST_DATABASE_URL": "sqlite:///{tmp}/empty.db"}, r"schema .*at no migration.*holdfast db upgrade"),
        ({"HOLDFAST_BLOB_DIR": "{tmp}/pwa/index.html"}, r"photos .*cannot be written"),
        ({"HOLDFAST_REDIS_URL": "redis://127.0.0.1:{closed}"}, r"redis .*no answer.*jobs still run"),
        ({"HOLDFAST_CUSTODIAN_URL": None}, r"custodian .*is not set"),
        ({"HOLDFAST_CUSTODIAN_URL": "http://127.0.0.1:{closed}"}, r"custodian .*no answer"),
        ({"HOLDFAST_PWA_DIR": "{tmp}/absent"}, r"app .*build the PWA"),
        (
            {"HOLDFAST_DATABASE_URL": "postgresql+psycopg://holdfast:hush@127.0.0.1:{closed}/holdfast"},
            r"database .*no answer from postgresql",
        ),
    ],
)
def test_doctor_names_what_is_wrong_and_what_to_do(
    run: Run, healthy: dict[str, str | None], tmp_path: Path, change: dict[str, str | None], line: str
) -> None:
    closed = _closed_port()
    filled = {name: value and value.format(tmp=tmp_path, closed=closed) for name, value in change.items()}
    result = run("doctor", change={**healthy, **filled})
    assert result.exit_code == 1
    assert re.search(rf"^FAIL  {line}", result.output, re.MULTILINE), result.output
    assert "hush" not in result.output
    assert "Traceback" not in result.output


def test_doctor_sees_a_redis_that_answers(run: Run, healthy: dict[str, str | None], redis_server: object) -> None:
    url: str = redis_server.url  # type: ignore[attr-defined]
    assert "redis        answers" in run("doctor", change={**healthy, "HOLDFAST_REDIS_URL": url}).output


def test_doctor_sees_a_signing_key_that_others_can_read(
    run: Run, healthy: dict[str, str | None], tmp_path: Path
) -> None:
    run("doctor", change=healthy)
    (tmp_path / "server.pem").chmod(0o644)
    assert re.search(r"^FAIL  signing key .*chmod 600", run("doctor", change=healthy).output, re.MULTILINE)
    (tmp_path / "server.pem").write_text("no key")
    assert re.search(r"^FAIL  settings .*SIGNING_KEY_FILE", run("doctor", change=healthy).output, re.MULTILINE)
