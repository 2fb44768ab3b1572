"""Telling readers that the feed has moved. A poke carries no content: whoever is poked pulls.

One watcher a process asks, however many listen: Redis where there is one, told after each commit, else the database
once a second. Each listener occupies a thread of the web server, so their number is bounded; who finds no room polls.
"""

import threading
import time
from collections.abc import Iterator

import structlog
from flask import Flask
from redis.exceptions import RedisError

from server.config import Settings
from server.db import db
from server.feed.errors import NoRoom
from server.feed.finish import POKES
from server.feed.service import newest
from server.redis_link import redis_at

log = structlog.get_logger()
LIFE_SECONDS = 55.0
STEP_SECONDS = 1.0
# With Redis the database is still asked now and then: a message may be lost.
BESIDE_REDIS_SECONDS = 10.0


class Pokes:
    """The listeners of one process, and the thread that watches for them while there are any."""

    def __init__(self, app: Flask, settings: Settings):
        self._app = app
        self._redis_url = settings.redis_url
        self._room = settings.poke_streams
        self._listeners = 0
        self._seq = -1
        self._moved = threading.Condition()
        self._watching = False

    def listen(self) -> Iterator[str]:
        """Return a stream of server-sent events that ends after a while; call `leave` after it. Raises NoRoom."""
        with self._moved:
            if self._listeners >= self._room:
                raise NoRoom(headers={"Retry-After": "30"})
            self._listeners += 1
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="pokes", daemon=True).start()
        return self._events()

    def leave(self) -> None:
        """Give a listener's room back."""
        with self._moved:
            self._listeners -= 1

    def _events(self) -> Iterator[str]:
        last, ends = -1, time.monotonic() + LIFE_SECONDS
        yield "retry: 2000\n\n"
        while time.monotonic() < ends:
            now = self._after(last)
            yield f'event: poke\ndata: {{"seq":{now}}}\n\n' if now != last else ": still here\n\n"
            last = now

    def _after(self, last: int) -> int:
        """Wait until the feed is elsewhere than at `last`, but no longer than a step."""
        with self._moved:
            self._moved.wait_for(lambda: self._seq != last, STEP_SECONDS)
            return self._seq

    def _watch(self) -> None:
        """Watch until nobody listens any more."""
        while True:
            with self._moved:
                if not self._listeners:
                    self._watching = False
                    return
            try:
                self._step()
            except Exception as failed:
                # The database is away too, perhaps: whoever listens is still here when it comes back.
                log.warning("pokes_failed", kind=type(failed).__name__)
                time.sleep(STEP_SECONDS)

    def _step(self) -> None:
        """Watch for a while: through Redis, or where there is none or it is away by asking the database."""
        try:
            self._watch_redis() if self._redis_url else self._look()
        except RedisError:
            self._look()

    def _look(self) -> None:
        """Ask the database, and rest."""
        self._note(self._newest())
        time.sleep(STEP_SECONDS)

    def _newest(self) -> int:
        with self._app.app_context():
            return newest(db.session())

    def _watch_redis(self) -> None:
        """Wait for messages until it is time to ask the database. Raises RedisError where Redis is away."""
        redis = redis_at(str(self._redis_url))
        with redis.pubsub(ignore_subscribe_messages=True) as messages:  # type: ignore[no-untyped-call]
            messages.subscribe(POKES)
            self._note(self._newest())
            ends = time.monotonic() + BESIDE_REDIS_SECONDS
            while time.monotonic() < ends and self._listeners:
                found = messages.get_message(timeout=STEP_SECONDS)
                if found:
                    self._note(int(found["data"]))

    def _note(self, seq: int) -> None:
        with self._moved:
            # A new epoch after a restore may count from less than before: any other number is a movement.
            if seq != self._seq:
                self._seq = seq
                self._moved.notify_all()
