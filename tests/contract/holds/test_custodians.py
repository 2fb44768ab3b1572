"""One suite for every custodian adapter (DESIGN §5): the same promises, whatever is at the other end."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.processes import free_port
from server.holds.custodians import Custodian, HoldRequest, OutcomeUnknown, Standing, Undelivered
from server.holds.custodians.webhook import WebhookCustodian
from tests.support.custodians import SECRET, Fault, Line, StandIn, cut, error_after, error_before, late, scripted

START = datetime(2026, 2, 3, 21, 5, tzinfo=UTC)
# The patience of most tests bears a busy machine; only a late answer is met with haste.
PATIENCE, HASTE = 10.0, 0.5


@dataclass
class Setting:
    """An adapter, the same without patience, the line to the custodian, and a way to count what the custodian has."""

    custodian: Custodian
    hasty: Custodian
    line: Line
    count: Callable[[str], int]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    found = StandIn(tmp_path_factory.mktemp("custodian"))
    yield found
    found.stop()


@pytest.fixture(params=["webhook"])
def setting(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[Setting]:
    """Every adapter that there is; a new one is added here and passes what the others pass."""
    line = Line(stand_in.url, patience=HASTE + 0.3).open()
    patient, hasty = (WebhookCustodian(line.url, SECRET, seconds) for seconds in (PATIENCE, HASTE))
    yield Setting(patient, hasty, line, lambda intent: sum(each["intent"] == intent for each in stand_in.holds()))
    line.close()


@pytest.fixture
def asked() -> HoldRequest:
    return HoldRequest(
        intent=str(uuid.uuid4()),
        revision=1,
        report=str(uuid.uuid4()),
        kind="bwc",
        wearer_star="12345",
        device_serial=None,
        place=None,
        start=START,
        end=START + timedelta(minutes=30),
        basis="officer_request",
        reason="Force was used.",
        destroy_on=START + timedelta(days=90),
    )


def test_it_knows_nothing_of_what_it_was_not_asked(setting: Setting, asked: HoldRequest) -> None:
    assert setting.custodian.find(asked.intent) is None


def test_an_acceptance_has_a_reference_and_the_window(setting: Setting, asked: HoldRequest) -> None:
    answer = setting.custodian.submit(asked)
    assert answer.reference
    assert answer.covers(asked)
    assert setting.count(asked.intent) == 1


def test_a_read_back_says_held_under_the_same_reference(setting: Setting, asked: HoldRequest) -> None:
    reference = setting.custodian.submit(asked).reference
    found = setting.custodian.find(asked.intent)
    assert found is not None
    assert (found.standing, found.reference) == (Standing.HELD, reference)


def test_sent_twice_it_is_one_hold(setting: Setting, asked: HoldRequest) -> None:
    """P5, P6: the answer is the same, and so is the effect."""
    first, second = setting.custodian.submit(asked), setting.custodian.submit(asked)
    assert first.reference == second.reference
    assert setting.count(asked.intent) == 1


def test_sent_at_once_by_many_it_is_one_hold(setting: Setting, asked: HoldRequest) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: setting.custodian.submit(asked), range(8)))
    assert len({answer.reference for answer in answers}) == 1
    assert setting.count(asked.intent) == 1


def test_a_later_revision_widens_the_same_hold(setting: Setting, asked: HoldRequest) -> None:
    first = setting.custodian.submit(asked)
    wider = replace(asked, revision=2, end=asked.end + timedelta(minutes=20))
    assert not first.covers(wider)
    second = setting.custodian.submit(wider)
    assert second.covers(wider)
    assert second.reference == first.reference
    assert setting.count(asked.intent) == 1


def test_an_older_revision_that_comes_late_narrows_nothing(setting: Setting, asked: HoldRequest) -> None:
    wider = replace(asked, revision=2, end=asked.end + timedelta(minutes=20))
    setting.custodian.submit(wider)
    setting.custodian.submit(asked)
    found = setting.custodian.find(asked.intent)
    assert found is not None
    assert found.covers(wider)


@pytest.mark.parametrize("fault", [error_after, late, cut])
def test_after_an_unknown_outcome_the_hold_can_be_found(setting: Setting, asked: HoldRequest, fault: Fault) -> None:
    """The custodian took it and could not say so: asking finds it, sending again makes no second one."""
    setting.line.faults.append(("POST", fault))
    with pytest.raises(OutcomeUnknown):
        setting.hasty.submit(asked)
    found = setting.custodian.find(asked.intent)
    assert found is not None
    assert found.covers(asked)
    setting.custodian.submit(asked)
    assert setting.count(asked.intent) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (error_before, OutcomeUnknown, "custodian_error"),
        (scripted(200, b"<html>a proxy's page</html>"), OutcomeUnknown, "custodian_answer_unreadable"),
        (scripted(200, b"[]"), OutcomeUnknown, "custodian_answer_unreadable"),
        (scripted(200, b'{"state":"held"}'), OutcomeUnknown, "custodian_answer_unreadable"),
        (scripted(200, b" " * 70_000), OutcomeUnknown, "custodian_answer_unreadable"),
        (scripted(302, b""), Undelivered, "custodian_rejects_request"),
        (scripted(401, b"{}"), Undelivered, "custodian_denies_us"),
        (scripted(429, b"{}"), Undelivered, "custodian_busy"),
    ],
)
def test_what_is_no_answer_is_a_named_error(
    setting: Setting,
    asked: HoldRequest,
    method: str,
    fault: Fault,
    kind: type[Exception],
    code: str,
) -> None:
    setting.line.faults.append((method, fault))
    with pytest.raises(kind) as caught:
        setting.custodian.submit(asked) if method == "POST" else setting.custodian.find(asked.intent)
    assert getattr(caught.value, "code", None) == code


def test_a_foreign_signature_opens_nothing(setting: Setting, asked: HoldRequest) -> None:
    stranger = WebhookCustodian(setting.line.url, "not the secret", PATIENCE)
    setting.custodian.submit(asked)
    for call in (lambda: stranger.submit(asked), lambda: stranger.find(asked.intent)):
        with pytest.raises(Undelivered) as caught:
            call()
        assert caught.value.code == "custodian_denies_us"


def test_nobody_at_the_address_is_certainly_undelivered(asked: HoldRequest) -> None:
    nobody = WebhookCustodian(f"http://127.0.0.1:{free_port()}", SECRET, PATIENCE)
    with pytest.raises(Undelivered) as caught:
        nobody.submit(asked)
    assert caught.value.code == "custodian_unreachable"


def test_holds_survive_a_restart_of_the_custodian(tmp_path: Path, asked: HoldRequest) -> None:
    stand_in = StandIn(tmp_path)
    adapter = WebhookCustodian(stand_in.url, SECRET, PATIENCE)
    reference = adapter.submit(asked).reference
    stand_in.stop()
    stand_in.start()
    found = adapter.find(asked.intent)
    stand_in.stop()
    assert found is not None
    assert found.reference == reference


def test_a_custodian_s_name_fits_wherever_it_is_stored() -> None:
    host = "a" * 60 + "." + "b" * 60 + ".example"
    assert WebhookCustodian(f"https://{host}/v1", SECRET, PATIENCE).name == host[:64]
