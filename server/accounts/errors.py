"""Errors of the accounts, each with a stable code."""

from server.problems import Conflict, Forbidden, Malformed, Problem


def _in_words(seconds: int) -> str:
    # Rounded up: who waits as long as told must not be refused again.
    count, unit = (seconds, "second") if seconds <= 90 else (-(-seconds // 60), "minute")
    return f"{count} {unit}" + ("" if count == 1 else "s")


class BadCredentials(Problem):
    status, code, title, retry = 401, "bad_credentials", "Name and password do not match", "never"
    hint = "Check both and try again. An admin can reset your password. What you saved on this device stays."


class TooManyAttempts(Problem):
    status, code, title, retry = 429, "too_many_attempts", "Too many failed attempts", "backoff"

    def __init__(self, seconds: int):
        detail = f"Wait {_in_words(seconds)}, then try again. What you saved on this device stays."
        super().__init__(detail, headers={"Retry-After": str(seconds)}, retry_after=seconds)


class AccountSuspended(Problem):
    status, code, title, retry = 403, "account_suspended", "This account is suspended", "after_login"
    hint = "Ask an admin to reactivate it. What you saved on this device stays."


class WrongPassword(Forbidden):
    code, title = "wrong_password", "The current password is not right"
    hint = "Enter the password that you signed in with."


class WeakPassword(Malformed):
    code, title = "weak_password", "The new password is too easy to guess"
    hint = "Use at least 12 characters; several unrelated words are easiest to remember."


class BadAccount(Malformed):
    code, title = "bad_account", "The account cannot be like this"


class NameTaken(Conflict):
    code, title = "name_taken", "Another account has this user name or star number"
    hint = "Choose another, or find the account that has it in the list."


class OwnAccount(Forbidden):
    code, title = "own_account", "You may not do this to your own account"
    hint = "Ask another admin."


class LastAdmin(Conflict):
    code, title = "last_admin", "This is the last active admin"
    hint = "Make another account an admin first."
