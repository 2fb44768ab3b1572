"""Who takes part: officers and desks of two districts with their devices, and an admin."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.cast import PASSWORD, Member

# username: role, star, district, how many devices
_PEOPLE: dict[str, tuple[str, str | None, str | None, int]] = {
    "olive": ("officer", "12345", "010", 2),
    "pat": ("officer", "12346", "010", 2),
    "ellis": ("officer", "22345", "012", 1),
    "dana": ("desk", "30001", "010", 2),
    "drew": ("desk", "30002", "012", 1),
    "ada": ("admin", None, None, 0),
}
# The phone whose person gets one more during the shift.
LATE_FOR = 2
DISTRICTS = ("010", "012")
STARS = ("12345", "12346", "22345", "54321")


@dataclass(frozen=True)
class Identity:
    """An enrolled device: its person, its key, and the session with which the person begins."""

    person: Member
    device: str
    key: ec.EllipticCurvePrivateKey
    token: str
    cookie: str


def roster() -> list[tuple[str, str, str | None, str | None, int]]:
    """Return (username, role, star, district, number of devices) of everybody."""
    return [(name, *rest) for name, rest in _PEOPLE.items()]


def member(user_id: str, username: str, role: str, star: str | None, district: str | None) -> Member:
    """Return a person as phones and tests know them."""
    return Member(user_id, username, PASSWORD, username.title(), role, star, district)
