"""Holds with a real stand-in custodian behind a line that can fail."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from server.config import Settings
from server.holds.custodians.webhook import adapter
from tests.integration.holds.tracker import Tracker
from tests.support.custodians import SECRET, Line, StandIn

# Long enough for a machine that is busy with other tests.
PATIENCE = 8.0


@pytest.fixture(scope="session")
def stand_in_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    found = StandIn(tmp_path_factory.mktemp("custodian"))
    yield found
    found.stop()


@pytest.fixture
def stand_in(stand_in_session: StandIn) -> StandIn:
    stand_in_session.start()
    return stand_in_session


@pytest.fixture
def line(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The line between the application and the stand-in; tests give it faults."""
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", PATIENCE)
    found = Line(stand_in.url).open()
    yield found
    found.close()


@pytest.fixture
def hasty(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only briefly for the custodian, so that an answer can be late without slowing the tests."""
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", 0.5)
    line.patience = 0.8


@pytest.fixture
def custodian_settings(line: Line) -> dict[str, Any]:
    """What the settings say of the custodian; a test may override this fixture."""
    return {"custodian_url": line.url, "custodian_secret": SECRET}


@pytest.fixture
def settings(settings: Settings, custodian_settings: dict[str, Any]) -> Settings:
    return replace(settings, **custodian_settings)


@pytest.fixture
def tracker(app: Flask, stand_in: StandIn) -> Tracker:
    return Tracker(app, stand_in)
