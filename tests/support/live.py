"""The whole product as processes, with the cast in its database."""

from dataclasses import dataclass
from typing import Any

from demo.phone import Phone
from demo.stack import Stack
from demo.wire import http
from tests.support.cast import Cast, Member


@dataclass(frozen=True)
class Live:
    """A running product: web server, worker, stand-in custodian. `kind` names its database."""

    kind: str
    stack: Stack
    cast: Cast

    def phone(self, member: Member, **given: Any) -> Phone:
        """Return a signed-in phone in Python with an enrolled device, over real HTTP."""
        return Phone(transport=http(self.stack.url), person=member, **given).sign_in().enrol()
