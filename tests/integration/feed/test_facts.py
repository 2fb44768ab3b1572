"""What the server itself knows of a report travels beside the snapshot, and neither puts the other back."""

import threading
import time
from collections.abc import Callable

from flask import Flask

from demo.phone import Phone
from server.db import unit_of_work
from server.feed import service
from tests.support.cast import Cast
from tests.support.reports import complete_report

PhoneOf = Callable[..., Phone]


def test_publishing_facts_while_a_phone_writes_loses_no_word(app: Flask, cast: Cast, phone_of: PhoneOf) -> None:
    """P2: a worker that publishes a report's holds must not write back an older snapshot."""
    phone, desk = phone_of(cast.officer), phone_of(cast.desk)
    report = complete_report(phone)
    phone.push()
    done = threading.Event()
    failures: list[BaseException] = []

    def publish() -> None:
        try:
            with app.app_context():
                while not done.is_set():
                    with unit_of_work(None) as uow:
                        uow.publish(report)
                    # SQLite's lock is not fair: without a pause the phone would wait for its turn for minutes.
                    time.sleep(0.01)
        except BaseException as failed:
            failures.append(failed)

    workers = [threading.Thread(target=publish) for _ in range(2)]
    for worker in workers:
        worker.start()
    for number in range(25):
        phone.edit(report, {"narrative": f"Sentence {number}."})
        phone.push()
        desk.pull()
        heads = desk.copies[report]["snapshot"]["fields"]["report"]["narrative"]
        if [head["value"] for head in heads] != [f"Sentence {number}."]:
            failures.append(AssertionError(f"sentence {number} went out of view"))
    done.set()
    for worker in workers:
        worker.join()
    assert failures == []


def test_pushes_publications_and_new_epochs_at_once_lock_in_one_order(
    app: Flask, cast: Cast, phone_of: PhoneOf
) -> None:
    """P10: two that waited for each other would cost one of them its answer."""
    phones = [phone_of(cast.officer), phone_of(cast.partner)]
    reports = [complete_report(phone) for phone in phones]
    for phone in phones:
        phone.push()
    failures: list[BaseException] = []

    def run(step: Callable[[int], object]) -> None:
        try:
            with app.app_context():
                for number in range(15):
                    step(number)
        except BaseException as failed:
            failures.append(failed)

    def push(phone: Phone, report: str) -> Callable[[int], object]:
        def step(number: int) -> object:
            phone.edit(report, {"narrative": f"Sentence {number}."})
            return phone.push()

        return step

    def publish(_: int) -> None:
        with unit_of_work(None) as uow:
            for report in reversed(reports):
                uow.publish(report)

    def begin(_: int) -> None:
        with unit_of_work(None) as uow:
            service.begin_epoch(uow, "a test")

    steps = [push(*each) for each in zip(phones, reports, strict=True)] + [publish, begin]
    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    for phone, report in zip(phones, reports, strict=True):
        phone.pull()
        heads = phone.copies[report]["snapshot"]["fields"]["report"]["narrative"]
        assert [head["value"] for head in heads] == ["Sentence 14."]
