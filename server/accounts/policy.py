"""Rules of the accounts: what a password, a user name and a combination of role and grants may be."""

import itertools
import re
import unicodedata

from server.accounts.banned import PASSWORDS
from server.accounts.errors import BadAccount, WeakPassword

ROLES = ("officer", "desk", "admin")
GRANTS = ("supervisor", "auditor")
MIN_PASSWORD = 12
MAX_PASSWORD = 256
_MIN_DISTINCT = 6
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_STAR = re.compile(r"[0-9A-Z]{1,12}")
_DISTRICT = re.compile(r"[0-9]{3}")
_LEET = str.maketrans("01345@$!7", "oleasasit")


def username_of(written: str) -> str:
    """Fold a user name as typed on a phone, with its capital letters and spaces, to the stored form."""
    return unicodedata.normalize("NFKC", written).strip().casefold()


def sign_in_name(written: str) -> str:
    """Return the stored form of a name given at sign-in, or nothing where no account can be called so."""
    name = username_of(written)
    return name if _USERNAME.fullmatch(name) else ""


def display_name_of(written: str) -> str:
    """Return a display name with single spaces. Raises BadAccount for an empty, long or unprintable one."""
    name = " ".join(written.split())
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise BadAccount("A display name has 1 to 120 printable characters.")
    return name


def folded(password: str) -> str:
    """Return the letters and digits of a password in lower case: `Chicago-Police 1` is `chicagopolice1`."""
    return "".join(c for c in unicodedata.normalize("NFKC", password).casefold() if c.isalnum())


def check_password(password: str, *known: str | None) -> None:
    """Refuse a password that is short, banned, monotonous or built on what others `know` of the person.

    Asks for no mix of character classes and no rotation: both make people choose worse ones (NIST SP 800-63B §5.1.1).
    Raises WeakPassword.
    """
    if len(password) < MIN_PASSWORD:
        raise WeakPassword()
    if len(password) > MAX_PASSWORD:
        raise WeakPassword(f"Use at most {MAX_PASSWORD} characters.")
    plain, dressed = folded(password), folded(password.casefold().translate(_LEET))
    if plain in PASSWORDS or dressed in _LEETED or len(set(plain)) < _MIN_DISTINCT or _walks(plain):
        raise WeakPassword("This password, or one like it, is among the first that are guessed. Choose another.")
    parts = {folded(part) for value in known if value for part in (value, *value.split())}
    if any(len(part) >= 4 and part in plain and len(plain) - len(part) < 8 for part in parts):
        raise WeakPassword("Leave your name and star number out of the password.")


_LEETED = frozenset(word.translate(_LEET) for word in PASSWORDS)


def _walks(plain: str) -> bool:
    """Tell whether nearly every step goes up or down by one: `abcdefghijkl`, `987654321098`."""
    steps = [abs(ord(b) - ord(a)) for a, b in itertools.pairwise(plain)]
    return bool(steps) and sum(step in (0, 1) for step in steps) >= 0.8 * len(steps)


def check_account(username: str, role: str, star: str | None, district: str | None, grants: list[str]) -> None:
    """Refuse an account that could not do its work or could do more than one person should. Raises BadAccount."""
    if not _USERNAME.fullmatch(username):
        raise BadAccount("A user name has 2 to 64 of a-z, 0-9, dot, dash and underscore, and starts with a-z or 0-9.")
    if role not in ROLES:
        raise BadAccount(f"A role is one of {', '.join(ROLES)}.")
    if star is not None and not _STAR.fullmatch(star):
        raise BadAccount("A star number has up to 12 digits or capital letters.")
    if district is not None and not _DISTRICT.fullmatch(district):
        raise BadAccount("A district is written with three digits, such as 010.")
    unknown = sorted(set(grants) - set(GRANTS))
    if unknown:
        raise BadAccount(f"A grant is one of {', '.join(GRANTS)}.")
    if role == "admin" and "supervisor" in grants:
        raise BadAccount("An admin may not decide about reports, so an admin cannot be a supervisor.")
    if role == "officer" and not (star and district):
        raise BadAccount("An officer needs a star number and a district.")
    if role == "desk" and not district:
        raise BadAccount("A desk needs the district whose reports it reads.")
