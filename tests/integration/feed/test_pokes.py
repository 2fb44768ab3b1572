"""Pokes: readers hear at once that the feed has moved, from the database or through Redis, and a few at a time."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from demo.phone import Phone
from server.app import create_app
from server.feed.errors import NoRoom
from server.feed.finish import _tell
from server.feed.pokes import Pokes
from tests.support.cast import Cast
from tools.services import Redis

PhoneOf = Callable[..., Phone]


def _pokes(pokes: Pokes, heard: list[str]) -> threading.Thread:
    stream = pokes.listen()

    def follow() -> None:
        try:
            heard.extend(event for event in itertools.islice(stream, 12) if event.startswith("event: poke"))
        finally:
            pokes.leave()

    thread = threading.Thread(target=follow)
    thread.start()
    return thread


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_push_is_heard_and_a_quiet_feed_is_not(
    app: Flask, cast: Cast, phone_of: PhoneOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feed.pokes.STEP_SECONDS", 0.1)
    phone = phone_of(cast.officer)
    pokes: Pokes = app.extensions["pokes"]
    heard: list[str] = []
    listener = _pokes(pokes, heard)
    _until(lambda: pokes._seq >= 0)
    before = pokes._seq
    phone.edit(phone.new_id(), {"address": "Cermak"})
    phone.push()
    _until(lambda: pokes._seq > before)
    listener.join(10)
    assert len(heard) == len(set(heard))
    assert f'event: poke\ndata: {{"seq":{pokes._seq}}}\n\n' in heard


def test_only_as_many_listen_as_the_web_server_can_spare_threads_for(app: Flask) -> None:
    pokes: Pokes = app.extensions["pokes"]
    room = app.extensions["settings"].poke_streams
    for _ in range(room):
        pokes.listen()
    with pytest.raises(NoRoom) as refused:
        pokes.listen()
    assert refused.value.headers["Retry-After"]
    for _ in range(room):
        pokes.leave()
    pokes.listen()
    pokes.leave()


def test_a_listener_that_never_reads_gives_its_room_back(
    app: Flask, cast: Cast, sign_in: Callable[..., dict[str, str]]
) -> None:
    pokes: Pokes = app.extensions["pokes"]
    for _ in range(2 * app.extensions["settings"].poke_streams):
        answer = app.test_client().get("/api/poke", headers=sign_in(cast.officer), buffered=False)
        assert answer.status_code == 200
        answer.close()
    assert pokes._listeners == 0


def test_with_redis_the_message_comes_without_asking_the_database(
    app: Flask, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P10 has the other half: with Redis away the database is asked."""
    settings = replace(app.extensions["settings"], redis_url=redis_server.url)
    other = create_app(settings)
    pokes: Pokes = other.extensions["pokes"]
    asked: list[int] = []

    def newest() -> int:
        asked.append(1)
        return 5

    monkeypatch.setattr(pokes, "_newest", newest)
    heard: list[str] = []
    listener = _pokes(pokes, heard)
    _until(lambda: pokes._seq == 5)
    _until(lambda: _told(_tell, redis_server.url, pokes))
    listener.join(20)
    assert len(asked) == 1
    assert 'event: poke\ndata: {"seq":6}\n\n' in heard


def _told(tell: Callable[[str, int], None], url: str, pokes: Pokes) -> bool:
    """Send until the subscription stands: a message before it is lost, as Redis promises nothing else."""
    tell(url, 6)
    return pokes._seq == 6


def test_with_redis_away_the_database_is_asked(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """P10 Redis down: reporting goes on, and so does hearing of it."""
    monkeypatch.setattr("server.feed.pokes.STEP_SECONDS", 0.1)
    pokes = Pokes(app, replace(app.extensions["settings"], redis_url="redis://127.0.0.1:9/0"))
    monkeypatch.setattr(pokes, "_newest", lambda: 7)
    heard: list[str] = []
    listener = _pokes(pokes, heard)
    _until(lambda: pokes._seq == 7)
    listener.join(10)
    assert heard == ['event: poke\ndata: {"seq":7}\n\n']


def test_p10_pokes_come_again_after_redis_and_the_database_were_both_away(
    app: Flask, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that restarts takes both away at once; whoever listens meanwhile must hear of the next change."""
    monkeypatch.setattr("server.feed.pokes.STEP_SECONDS", 0.05)
    pokes = Pokes(app, replace(app.extensions["settings"], redis_url=redis_server.url))
    asked: list[int] = []
    back = threading.Event()

    def newest() -> int:
        asked.append(1)
        if not back.is_set():
            raise OperationalError("SELECT", {}, Exception("the database is away"))
        return 7

    monkeypatch.setattr(pokes, "_newest", newest)
    redis_server.halt()
    stream = pokes.listen()
    try:
        _until(lambda: len(asked) > 2)
        redis_server.start()
        back.set()
        _until(lambda: pokes._seq == 7)
        assert 'event: poke\ndata: {"seq":7}\n\n' in itertools.islice(stream, 5)
        _until(lambda: _told(_tell, redis_server.url, pokes))
    finally:
        pokes.leave()
