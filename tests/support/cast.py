"""The fixed cast: whoever an authorization test needs, always the same people."""

from dataclasses import dataclass, fields

from server.accounts import service
from server.db import unit_of_work

PASSWORD = "correct horse battery staple 9"
HOME, ELSEWHERE = "010", "012"


@dataclass(frozen=True)
class Member:
    """One person of the cast with what a test needs to sign in as them."""

    id: str
    username: str
    password: str
    display_name: str
    role: str
    star: str | None
    district: str | None
    grants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cast:
    """`partner` serves with `officer` in the home district; `_elsewhere` serves in another one."""

    officer: Member
    partner: Member
    officer_elsewhere: Member
    desk: Member
    desk_elsewhere: Member
    supervisor: Member
    admin: Member
    auditor: Member
    suspended: Member

    def everyone(self) -> list[Member]:
        return [getattr(self, each.name) for each in fields(self)]


_ROLES: dict[str, tuple[str, str, str | None, str | None, tuple[str, ...]]] = {
    "officer": ("Olive Officer", "officer", "12345", HOME, ()),
    "partner": ("Pat Partner", "officer", "12346", HOME, ()),
    "officer_elsewhere": ("Ellis Elsewhere", "officer", "22345", ELSEWHERE, ()),
    "desk": ("Dana Desk", "desk", "30001", HOME, ()),
    "desk_elsewhere": ("Drew Distant", "desk", "30002", ELSEWHERE, ()),
    "supervisor": ("Sam Supervisor", "desk", "40001", HOME, ("supervisor",)),
    "admin": ("Ada Admin", "admin", None, None, ()),
    "auditor": ("Audrey Auditor", "admin", None, None, ("auditor",)),
    "suspended": ("Sid Suspended", "officer", "12399", HOME, ()),
}


def hire() -> Cast:
    """Make the whole cast in the current application's database."""
    members: dict[str, Member] = {}
    for username, (name, role, star, district, grants) in _ROLES.items():
        with unit_of_work(None) as uow:
            user, _once = service.create_user(
                uow,
                username=username,
                display_name=name,
                role=role,
                star=star,
                district=district,
                grants=list(grants),
                password=PASSWORD,
            )
            if username == "suspended":
                service.suspend(uow, user.id)
        members[username] = Member(user.id, username, PASSWORD, name, role, star, district, grants)
    return Cast(**members)
