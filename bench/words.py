"""Text that compresses about as well as what people write: words of the form, in no order."""

import re
from functools import cache
from pathlib import Path
from random import Random

_FORM = Path(__file__).parents[1] / "sync" / "forms" / "incident.v1.json"


@cache
def _vocabulary() -> list[str]:
    return sorted({word.lower() for word in re.findall(r"[A-Za-z]{2,}", _FORM.read_text())})


def prose(chance: Random, length: int) -> str:
    """Return sentences of `length` characters."""
    text = ""
    while len(text) < length:
        words = chance.choices(_vocabulary(), k=chance.randint(6, 14))
        text += " ".join(words).capitalize() + ". "
    return text[: length - 1].rstrip() + "."
