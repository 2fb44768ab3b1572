"""What the server itself knows of a report travels beside the snapshot, and neither puts the other back."""

import threading
import time
from collections.abc import Callable

from flask import Flask

from demo.phone import Phone
from server.db import unit_of_work
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
