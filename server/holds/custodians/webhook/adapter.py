"""The webhook adapter: POST a hold, GET it back.

`POST {url}/holds` with `Idempotency-Key` and a Standard Webhooks signature; `GET {url}/holds/{intent}`, signed over an
empty body with the intent as message id, so that a captured signature opens nothing else. Both answer
`{state, reference, revision, window: {from, to}, words}`.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from server.config import Settings
from server.holds.custodians.contract import Answer, HoldRequest, OutcomeUnknown, Standing, Undelivered
from server.holds.custodians.webhook import signing
from sync.holds import storable

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
# An answer is a few lines; anything longer is not one, and must not fill this process's memory.
MAX_ANSWER_BYTES = 64 * 1024
MAX_WORDS = 500
MAX_NAME = 64


def from_settings(settings: Settings) -> "WebhookCustodian | None":
    """Return the configured custodian, or None when there is none."""
    if not settings.custodian_url or not settings.custodian_secret:
        return None
    return WebhookCustodian(settings.custodian_url, settings.custodian_secret, ANSWER_SECONDS)


class WebhookCustodian:
    """A custodian behind an HTTP address that shares a secret with us."""

    def __init__(self, url: str, secret: str, answer_seconds: float):
        self._url = url.rstrip("/")
        self._secret = secret
        self._timeout = httpx.Timeout(answer_seconds, connect=min(CONNECT_SECONDS, answer_seconds))
        self._answer_seconds = answer_seconds

    @property
    def name(self) -> str:
        # A host name may have 253 characters; what is shown and stored of it has fewer.
        return (urlsplit(self._url).hostname or "custodian")[:MAX_NAME]

    def submit(self, request: HoldRequest) -> Answer:
        # A repeat of a revision has the same key and bytes; only a widening is something new to say.
        key = request.intent if request.revision == 1 else f"{request.intent}.{request.revision}"
        body = json.dumps(_as_json(request), separators=(",", ":"), sort_keys=True).encode()
        extra = {"Idempotency-Key": key, "Content-Type": "application/json"}
        status, found = self._call("POST", "/holds", key, body, extra)
        if status in (200, 201, 202, 422):
            return _answer(found)
        raise _refusal_of(status)

    def find(self, intent: str) -> Answer | None:
        status, found = self._call("GET", f"/holds/{intent}", intent, b"", {})
        if status == 404:
            return None
        if status == 200:
            return _answer(found)
        raise _refusal_of(status)

    def _call(self, method: str, path: str, message: str, body: bytes, extra: dict[str, str]) -> tuple[int, bytes]:
        signed = signing.headers(self._secret, message, int(time.time()), body)
        try:
            with (
                httpx.Client(timeout=self._timeout, follow_redirects=False) as client,
                client.stream(method, self._url + path, content=body, headers={**signed, **extra}) as response,
            ):
                return response.status_code, self._read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as never:
            raise Undelivered("custodian_unreachable") from never
        except httpx.TimeoutException as late:
            raise OutcomeUnknown("custodian_timeout") from late
        except httpx.HTTPError as broken:
            raise OutcomeUnknown("custodian_connection_lost") from broken

    def _read(self, response: httpx.Response) -> bytes:
        """Read a bounded answer in bounded time: httpx's own limit is between bytes, not for the whole."""
        deadline = time.monotonic() + self._answer_seconds
        found = b""
        for part in response.iter_bytes():
            found += part
            if len(found) > MAX_ANSWER_BYTES:
                raise OutcomeUnknown("custodian_answer_unreadable")
            if time.monotonic() > deadline:
                raise OutcomeUnknown("custodian_timeout")
        return found


def _as_json(request: HoldRequest) -> dict[str, Any]:
    return {
        "intent": request.intent,
        "revision": request.revision,
        "report": request.report,
        "camera": {
            "kind": request.kind,
            "wearer_star": request.wearer_star,
            "device_serial": request.device_serial,
            "place": request.place,
        },
        "window": {"from": request.start.isoformat(), "to": request.end.isoformat()},
        "legal_basis": request.basis,
        "reason": request.reason,
        "destroyed_unless_held_on": request.destroy_on.isoformat(),
    }


def _refusal_of(status: int) -> Exception:
    """Tell what an HTTP status means for the request: a server error may hide a success, the rest cannot."""
    if status >= 500 or status in (408, 409):
        return OutcomeUnknown("custodian_error")
    if status == 429:
        return Undelivered("custodian_busy")
    if status in (401, 403):
        return Undelivered("custodian_denies_us")
    return Undelivered("custodian_rejects_request")


def _answer(raw: bytes) -> Answer:
    try:
        found = json.loads(raw)
        words = found.get("words")
        standing, reference = Standing(found["state"]), storable(str(found.get("reference") or ""))[:128]
        if not reference and standing is not Standing.REFUSED:
            raise ValueError("an acceptance without a reference cannot be followed")
        return Answer(
            standing=standing,
            reference=reference,
            start=_moment(found["window"]["from"]),
            end=_moment(found["window"]["to"]),
            revision=int(found["revision"]) if "revision" in found else None,
            words=storable(str(words))[:MAX_WORDS] or None if words else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as unreadable:
        raise OutcomeUnknown("custodian_answer_unreadable") from unreadable


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without an offset says nothing")
    return found.astimezone(UTC)
