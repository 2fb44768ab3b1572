"""The brake on guessing: after five failures for an account from one address, each further try costs a longer wait.

Account and address together make the key, so that a stranger who guesses at an officer's name slows down only
the stranger. Every try is counted before the password is looked at: a burst of parallel guesses gets no more
tries than one after the other would.
"""

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.accounts.models import SignInBrake
from server.accounts.tokens import derived_key
from server.config import Settings
from server.db import upsertable

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=24)


def brake_key(settings: Settings, username: str, address: str | None) -> str:
    """Return the key of one account from one address; an IPv6 caller owns a /64 and counts as one address."""
    try:
        parsed = ipaddress.ip_address(address or "")
        place = str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
    except ValueError:
        place = address or "nowhere"
    text = f"{username}\0{place}".encode()
    return hmac.new(derived_key(settings, "sign-in-brake"), text, hashlib.sha256).hexdigest()


def count_try(session: Session, now: datetime, key: str) -> int:
    """Count one try and return 0, or count nothing and return the seconds to wait when the key is locked.

    Runs in a transaction of its own, committed before the password is checked; `forget` undoes it on success.
    """
    # Skipping what others hold keeps two that tidy up at once from waiting for each other.
    old = select(SignInBrake.key).where(SignInBrake.last_at < now - FORGOTTEN_AFTER).with_for_update(skip_locked=True)
    session.execute(delete(SignInBrake).where(SignInBrake.key.in_(old)))
    session.execute(_insert_or_lock(session, key, now))
    found = session.get_one(SignInBrake, key, populate_existing=True)
    if found.locked_until and found.locked_until > now:
        return max(1, round((found.locked_until - now).total_seconds()))
    found.failures += 1
    found.last_at = now
    if found.failures >= FREE_FAILURES:
        found.locked_until = now + min(FIRST_WAIT * 2 ** min(found.failures - FREE_FAILURES, 20), LONGEST_WAIT)
    return 0


def forget(session: Session, key: str) -> None:
    """Forget the failures of a key after a right password."""
    session.execute(delete(SignInBrake).where(SignInBrake.key == key))


def _insert_or_lock(session: Session, key: str, now: datetime) -> Any:
    """Make sure of the row and hold it: one that is only found could be forgotten before it is read."""
    row = upsertable(session, SignInBrake).values(key=key, failures=0, last_at=now, locked_until=None)
    return row.on_conflict_do_update(index_elements=["key"], set_={"key": row.excluded.key})
