"""Start the whole demonstration: migrate, seed, web server, worker, stand-in custodian; stop all of it together."""

import argparse
import json
import os
import secrets
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from flask_migrate import upgrade

from demo import accounts, seed
from demo.accounts import Account
from demo.processes import NotReady, free_port, port_taken
from demo.seed import NotPlanted
from demo.stack import ROOT, Stack
from server.app import create_app
from server.config import PREFIX, Settings

_POLL_SECONDS = 0.3
# How much of a log is shown where a part ended by itself.
_LINES = 15
_WIDTH = 300
_PORTS = 65536


class Stopped(Exception):
    """Somebody asked to stop while things were still starting."""


class Failure(NamedTuple):
    """What ended the run by itself, and the end of the log that says why."""

    what: str
    log: str


def main() -> int:
    """Run until Ctrl-C, SIGTERM or the end of a part. Returns the exit code."""
    given = _arguments()
    if port_taken(given.port):
        print(f"Port {given.port} is in use. Choose another one: make run PORT={given.port + 1}", file=sys.stderr)
        return 1
    asked = _listen_for_stop()
    # What the run keeps are a department's kind of data: for its owner only, like the passwords beside it.
    os.umask(0o077)

    def check() -> None:
        if asked.is_set():
            raise Stopped()

    folder = given.folder
    custodian = _custodian_port(folder, given.port)
    stack = Stack(folder, _secrets(folder), port=given.port, custodian_port=custodian, check=check)
    failure: Failure | None = None
    try:
        _start(stack)
        failure = _watch(stack, asked)
    except Stopped:
        pass
    except (NotReady, NotPlanted) as failed:
        what, _, log = str(failed).partition("\n")
        failure = Failure(f"Holdfast could not start: {what}", log)
    finally:
        print("Stopping.", flush=True)
        stack.stop()
    if failure:
        _tell(failure)
    return 1 if failure else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--folder", type=Path, default=ROOT / "var", help="what this run keeps")
    return parser.parse_args()


def _listen_for_stop() -> threading.Event:
    """Turn Ctrl-C and SIGTERM into an event; a stop in progress is not disturbed by a second one."""
    asked = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    return asked


def _secrets(folder: Path) -> Mapping[str, str]:
    """Return the secrets of this run-folder as environment; made on the first run, readable by its owner only."""
    path = folder / "secrets.json"
    if not path.exists():
        names = ("HOLDFAST_SECRET_KEY", "HOLDFAST_CUSTODIAN_SECRET")
        accounts.write_private(path, {name: secrets.token_urlsafe(48) for name in names})
    found: dict[str, str] = json.loads(path.read_text())
    return found


def _custodian_port(folder: Path, taken: int) -> int:
    """Return the port of the run before, so that what the tools know stays right; a new one if that is taken."""
    path = folder / "custodian-port"
    known = path.read_text().strip() if path.exists() else ""
    port = int(known) if known.isdigit() and int(known) < _PORTS else 0
    if not port or port == taken or port_taken(port):
        port = free_port()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{port}\n")
    return port


def _write_env(stack: Stack) -> Path:
    """Write the settings of this run for a shell, so that `holdfast` works on the same data; for the owner only."""
    path = stack.folder / "env"
    named = sorted((name, value) for name, value in stack.environment().items() if name.startswith(PREFIX))
    lines = [f"export {name}={shlex.quote(value)}" for name, value in named]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def _start(stack: Stack) -> None:
    app = create_app(Settings.from_env(stack.environment()))
    with app.app_context():
        upgrade()
    people = accounts.ensure(app, stack.folder / "accounts.json")
    stack.start()
    marker = stack.folder / "planted.json"
    if not marker.exists():
        print("Planting the demonstration.", flush=True)
    seed.plant(stack.url, people, marker, stack.check)
    _announce(stack, people)


def _announce(stack: Stack, people: Mapping[str, Account]) -> None:
    lines = [
        "",
        "Holdfast is running with demonstration data.",
        "",
        f"  The app           {stack.url}",
        f"  Custodian's view  {stack.custodian_url}",
        "",
        "  account      password              who",
    ]
    shown = [each for each in people.values() if each.shown]
    lines += [f"  {each.username:<11}  {each.password:<20}  {_who(each)}" for each in shown]
    lines += [
        "",
        f"  More accounts, and these passwords again: {_near(stack.folder / 'accounts.json')}",
        f"  Logs: {_near(stack.folder / 'logs')}",
        f"  Tools: source {_near(_write_env(stack))} && {_near(ROOT / '.venv')}/bin/holdfast verify",
        "  Ctrl-C stops everything; the data stay for the next run.",
        "",
    ]
    print("\n".join(lines), flush=True)


def _who(account: Account) -> str:
    said = {"officer": f"officer, star {account.star}", "desk": "desk", "admin": "admin"}[account.role]
    grants = "".join(f" with the {grant} grant" for grant in account.grants)
    return said + grants + (f", district {account.district}" if account.district else "")


def _near(path: Path) -> str:
    return os.path.relpath(path)


def _watch(stack: Stack, asked: threading.Event) -> Failure | None:
    while not asked.wait(_POLL_SECONDS):
        ended = stack.ended()
        if ended:
            code = ended.process.returncode
            what = f"The {ended.name} process ended by itself (code {code}), so the rest is stopped too."
            return Failure(f"{what} Its log: {_near(ended.log)}", ended.tail(_LINES))
    return None


def _tell(failure: Failure) -> None:
    """Print what happened, the end of a log with each line shortened, and what happened again, where it is read."""
    lines = failure.log.splitlines()[-_LINES:]
    shown = [line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines]
    told = [failure.what, "", *shown, "", failure.what] if shown else [failure.what]
    print("\n".join(told), file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
