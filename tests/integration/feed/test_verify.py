"""`verify` names the first byte that does not fit, in ops and in the receipt log (P1)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from demo.phone import Phone
from server.db import db
from server.feed import service
from server.feed.models import FeedCounter, ReceiptEntry, StoredOp
from tests.support.cast import Cast

PhoneOf = Callable[..., Phone]


@pytest.fixture
def written(cast: Cast, phone_of: PhoneOf) -> Phone:
    phone = phone_of(cast.officer)
    for street in ("Cermak", "Ashland", "Pulaski"):
        phone.edit(phone.new_id(), {"address": street})
        phone.push()
    return phone


def change(model: Any, where: Any, **values: Any) -> None:
    db.session.execute(update(model).where(where).values(**values))
    db.session.commit()


def test_an_untouched_database_fits(written: Phone) -> None:
    assert service.verify(db.session()) is None


def test_one_changed_byte_of_an_op_is_named(written: Phone) -> None:
    stored = db.session.scalars(select(StoredOp).order_by(StoredOp.seq)).first()
    assert stored is not None
    change(StoredOp, StoredOp.id == stored.id, jws=stored.jws[:-1] + ("A" if stored.jws[-1] != "A" else "B"))
    assert stored.id in str(service.verify(db.session()))


def test_a_receipt_that_is_taken_out_is_noticed(written: Phone) -> None:
    db.session.query(ReceiptEntry).filter_by(n=2).delete()
    db.session.commit()
    assert "entry 2" in str(service.verify(db.session()))


def test_a_log_that_is_cut_off_is_noticed(written: Phone) -> None:
    db.session.query(ReceiptEntry).filter_by(n=3).delete()
    db.session.commit()
    assert service.verify(db.session()) is not None


def test_a_rewritten_head_is_noticed(written: Phone) -> None:
    change(FeedCounter, FeedCounter.id == 1, log_head="0" * 64)
    assert "head" in str(service.verify(db.session()))
