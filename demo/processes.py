"""Child processes that are started, watched and ended by id, and never outlive the one who started them."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class NotReady(Exception):
    """A process ended or stayed silent before it was ready; the message holds the end of its log."""


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_taken(port: int) -> bool:
    """Say whether a loopback port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _die_with_parent() -> None:
    # A test run that is killed cannot clean up; Linux then does it for us.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process with its log file. `stop` is safe to call twice and waits until the process is gone."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | int | None = None,
        group: str | int | None = None,
    ):
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                list(command),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                user=user,
                group=group,
                # A group of its own: Ctrl-C reaches only the one who started us, who then ends us in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def tail(self, lines: int = 20) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until `ready` says so. Raises NotReady when the process ends first or the time is over."""
        until = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise NotReady(f"{self.name} ended with code {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > until:
                raise NotReady(f"{self.name} was not ready after {seconds:.0f} s:\n{self.tail()}")
            time.sleep(0.03)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 10.0) -> None:
        """End the process and everything in its group: politely first, by force when it does not listen."""
        if self.alive:
            self._signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait()
        # Children of the process that outlived it share its group.
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, what: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, what)
        except (ProcessLookupError, PermissionError):
            return


def http_ready(url: str) -> Callable[[], bool]:
    """Return a check that answers whether `url` is served with a status below 500."""
    import httpx

    def check() -> bool:
        try:
            return httpx.get(url, timeout=2).status_code < 500
        except httpx.HTTPError:
            return False

    return check
