"""Errors of the devices, each with a stable code."""

from server.problems import Conflict, Malformed, Problem


class BadKey(Malformed):
    code, title = "bad_key", "The key cannot be enrolled"
    hint = "Send a public EC P-256 key as a JWK with kty, crv, x and y, and without its private part d."


class KeyTaken(Conflict):
    code, title = "key_taken", "This key was enrolled before"
    hint = "Make a new key: this one belongs to another account or to a revoked device."


class BadAssertion(Problem):
    status, code, title, retry = 401, "bad_assertion", "The device's statement is not accepted", "after_login"
    hint = "Sign a new statement with the enrolled key, or sign in and enrol again. Nothing unsent is lost."


class AssertionSpent(BadAssertion):
    code, title = "assertion_spent", "The device's statement was used before"
    hint = "Sign a new statement with a new jti."


class DeviceClock(Problem):
    """The phone's clock is far off: `nonce` in the problem lets it sign again at once, without a clock."""

    status, code, title, retry = 401, "device_clock", "The device's clock is too far from the server's", "backoff"
    hint = "Sign again with the claim `nonce` from this answer or from /api/devices/nonce."
