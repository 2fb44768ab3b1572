"""Start the whole demonstration: migrate, seed, web server, worker, stand-in custodian; stop all of it together."""

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from flask_migrate import upgrade

from demo import accounts, seed
from demo.accounts import Account
from demo.processes import NotReady, port_taken
from demo.seed import NotPlanted
from demo.stack import ROOT, Stack
from server.app import create_app
from server.config import Settings

_POLL_SECONDS = 0.3


class Stopped(Exception):
    """Somebody asked to stop while things were still starting."""


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

    stack = Stack(given.folder, _secrets(given.folder), port=given.port, check=check)
    try:
        _start(stack)
        return _watch(stack, asked)
    except Stopped:
        return 0
    except (NotReady, NotPlanted) as failed:
        print(f"Holdfast could not start: {failed}", file=sys.stderr)
        return 1
    finally:
        print("Stopping.", flush=True)
        stack.stop()


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


def _watch(stack: Stack, asked: threading.Event) -> int:
    while not asked.wait(_POLL_SECONDS):
        ended = stack.ended()
        if ended:
            code = ended.process.returncode
            print(
                f"The {ended.name} process ended by itself (code {code}), so the rest is stopped too. "
                f"The end of {_near(ended.log)}:\n{ended.tail()}",
                file=sys.stderr,
            )
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
