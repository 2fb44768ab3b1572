"""The lists of a department, read once from data files: districts, offenses, agencies, legal bases, hold policy."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

from sync.forms import FormDefinition, available, document, load
from sync.holds import HoldPolicy


@dataclass(frozen=True, slots=True)
class Catalog:
    """The catalog as it goes over the wire. `version` is a hash of the bytes: same version, same catalog."""

    version: str
    body: bytes


def forms() -> list[FormDefinition]:
    """Return every form definition that the server knows."""
    return [load(form_id, version) for form_id, version in available()]


@lru_cache(maxsize=1)
def legal_bases() -> frozenset[str]:
    """Return the ids of the legal bases that a hold may state."""
    return frozenset(each["id"] for each in _read("policy")["legal_bases"])


@lru_cache(maxsize=1)
def hold_policy() -> HoldPolicy:
    """Return how long a recording is kept and how far a window is padded (50 ILCS 706/10-20)."""
    found = _read("policy")["hold"]
    return HoldPolicy(
        days=found["days"],
        pad_before=timedelta(minutes=found["pad_before_min"]),
        pad_after=timedelta(minutes=found["pad_after_min"]),
    )


@lru_cache(maxsize=2)
def catalog(demonstration: bool = False) -> Catalog:
    """Return the whole catalog; the same bytes for everyone, as it holds nothing of anyone."""
    content = {"demonstration": demonstration, **_content()}
    version = hashlib.sha256(_bytes(content)).hexdigest()[:16]
    return Catalog(version, _bytes({"version": version, **content}))


def _read(name: str) -> Any:
    return json.loads(files(__package__).joinpath(f"data/{name}.json").read_text(encoding="utf-8"))


def _bytes(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _content() -> dict[str, Any]:
    districts, offenses, policy = _read("districts"), _read("offenses"), _read("policy")
    return {
        "forms": [document(form_id, version) for form_id, version in available()],
        "districts": districts,
        "offenses": offenses,
        "agencies": policy["agencies"],
        "legal_bases": policy["legal_bases"],
        "hold": policy["hold"],
        "photo_of_id": policy["photo_of_id"],
        "options": {
            "districts": [_district(each) for each in districts],
            "offenses": [_offense(each) for each in offenses["offenses"]],
            "agencies": policy["agencies"],
            "legal_bases": policy["legal_bases"],
        },
    }


def _district(row: dict[str, str]) -> dict[str, str]:
    return {"id": row["district"], "label": f"{row['district']} {row['name']}"}


def _offense(row: dict[str, str]) -> dict[str, str]:
    return {"id": row["id"], "label": row["label"], "group": row["category"]}
