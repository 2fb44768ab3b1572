"""A whole running Holdfast: web server, worker and stand-in custodian, each a process of its own.

`make run`, the end-to-end tests and the measurements start the product through this, so they all mean the same thing.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.processes import Child, free_port, http_ready

ROOT = Path(__file__).parents[1]


@dataclass
class Stack:
    """The processes of one run-folder. `env` is added to the settings that the stack works out itself.

    Each part starts and stops by itself, so that a test can take the server away under a working phone.
    """

    folder: Path
    env: Mapping[str, str]
    port: int = field(default_factory=free_port)
    custodian_port: int = field(default_factory=free_port)
    web_workers: int = 1
    threads: int = 48
    children: dict[str, Child] = field(default_factory=dict)
    # Called while the stack waits; whoever starts it may raise here to give up.
    check: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def custodian_url(self) -> str:
        return f"http://127.0.0.1:{self.custodian_port}"

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of this stack."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        own = {
            "HOLDFAST_MODE": "demo",
            "HOLDFAST_DATABASE_URL": f"sqlite:///{self.folder / 'holdfast.db'}",
            "HOLDFAST_BLOB_DIR": str(self.folder / "blobs"),
            "HOLDFAST_SIGNING_KEY_FILE": str(self.folder / "keys" / "server.pem"),
            "HOLDFAST_PWA_DIR": str(ROOT / "pwa" / "dist"),
            "HOLDFAST_PUBLIC_URL": self.url,
            "HOLDFAST_CUSTODIAN_URL": self.custodian_url,
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **own, **self.env}

    def start(self) -> "Stack":
        """Start everything and wait until it answers. Raises NotReady, after stopping what had started."""
        try:
            self.start_custodian()
            self.start_server()
            self.start_worker()
        except BaseException:
            self.stop()
            raise
        return self

    def start_server(self) -> None:
        """Start the web server: gunicorn with threads, as a deployment runs it."""
        command = [
            "gunicorn", "--worker-class", "gthread", "--workers", str(self.web_workers),
            "--threads", str(self.threads), "--bind", f"127.0.0.1:{self.port}", "--graceful-timeout", "2",
            "--timeout", "60", "--log-level", "warning", "--no-control-socket", "server.app:create_app()",
        ]  # fmt: skip
        self._start("web", command, f"{self.url}/readyz")

    def start_worker(self) -> None:
        """Start the worker: sweeper, and RQ where Redis is configured."""
        self._start("worker", ["server.cli", "worker"])

    def start_custodian(self) -> None:
        """Start the stand-in custodian with its own store."""
        store = self.folder / "custodian.db"
        command = ["demo.custodian", "--port", str(self.custodian_port), "--db", str(store)]
        self._start("custodian", command, f"{self.custodian_url}/healthz")

    def _start(self, name: str, command: list[str], ready: str | None = None) -> None:
        log = self.folder / "logs" / f"{name}.log"
        child = Child(name, [sys.executable, "-m", *command], log, env=self.environment(), cwd=ROOT)
        self.children[name] = child
        if ready:
            child.wait_until(self._answers(ready), 60)

    def _answers(self, url: str) -> Callable[[], bool]:
        answers = http_ready(url)

        def checked() -> bool:
            self.check()
            return answers()

        return checked

    def stop_server(self) -> None:
        """Stop the web server: the phone then meets a refused connection."""
        self.stop_part("web")

    def stop_part(self, name: str) -> None:
        """Stop one process by name: `web`, `worker` or `custodian`."""
        child = self.children.pop(name, None)
        if child:
            child.stop()

    def stop(self) -> None:
        """Stop whatever runs, the web server first, so that nobody is told something the worker cannot keep."""
        for name in ("web", "worker", "custodian"):
            self.stop_part(name)

    def ended(self) -> Child | None:
        """Return a process that ended by itself, if there is one."""
        return next((child for child in self.children.values() if not child.alive), None)
