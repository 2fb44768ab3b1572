"""Settings: read once from the environment into a frozen object; a weak or missing secret stops the start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

PREFIX = "HOLDFAST_"
MODES = ("production", "demo", "test")
MIN_SECRET = 32
_GUESSABLE = ("change", "secret", "password", "example", "holdfast", "default")


class BadSettings(Exception):
    """The environment does not describe a server that may start; the message says which name and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a deployment can set. Sizes are in bytes, times in the unit that the name carries."""

    mode: str = "production"
    secret_key: str = ""
    signing_key_file: Path = Path("var/keys/server.pem")
    database_url: str = "sqlite:///var/holdfast.db"
    redis_url: str | None = None
    blob_dir: Path = Path("var/blobs")
    pwa_dir: Path = Path("pwa/dist")
    public_url: str = "http://127.0.0.1:8080"
    custodian_url: str | None = None
    custodian_secret: str | None = None
    max_body_bytes: int = 4 * 1024 * 1024
    max_photo_bytes: int = 50 * 1024 * 1024
    access_seconds: int = 900
    refresh_days: int = 14
    sweep_seconds: float = 1.0
    # How many readers of each web process are told at once when something changes; others ask from time to time.
    poke_streams: int = 4
    # How many pushes may wait in each web process for their turn to be stored; more are asked to come again.
    waiting_pushes: int = 20
    # How many reverse proxies of one's own stand before the server; 0 believes no forwarded address.
    trusted_proxies: int = 0

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read `HOLDFAST_*`. Raises BadSettings for an unknown mode, a value of the wrong type or a weak secret."""
        source = os.environ if env is None else env
        values: dict[str, object] = {}
        for name, field in cls.__dataclass_fields__.items():
            raw = source.get(PREFIX + name.upper())
            if raw:
                values[name] = _convert(name, raw, str(field.type))
        found = cls(**values)  # type: ignore[arg-type]
        found.check()
        return found

    def check(self) -> None:
        """Refuse settings that would start an unsafe server. Raises BadSettings."""
        if self.mode not in MODES:
            raise BadSettings(f"HOLDFAST_MODE is {self.mode!r}; use one of {', '.join(MODES)}.")
        if not self.secret_key:
            raise BadSettings("HOLDFAST_SECRET_KEY is missing; set it to at least 32 random characters.")
        if self.mode != "production":
            return
        weak = len(self.secret_key) < MIN_SECRET or len(set(self.secret_key)) < 10
        if weak or any(word in self.secret_key.lower() for word in _GUESSABLE):
            raise BadSettings(
                "HOLDFAST_SECRET_KEY can be guessed; make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(48))'`."
            )
        if self.custodian_url and len(self.custodian_secret or "") < MIN_SECRET:
            raise BadSettings("HOLDFAST_CUSTODIAN_SECRET must have at least 32 characters.")


def _convert(name: str, raw: str, kind: str) -> object:
    readers = {"int": int, "float": float}
    for word, reader in readers.items():
        if kind.endswith(f"'{word}'>") or kind == word:
            try:
                return reader(raw)
            except ValueError as bad:
                raise BadSettings(f"{PREFIX}{name.upper()} is {raw!r}; it must be a number.") from bad
    return Path(raw) if "Path" in kind else raw


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.extensions["settings"]
    return found
