"""Errors of the accounts, each with a stable code."""

from server.problems import Conflict, Forbidden, Malformed, Problem


class BadCredentials(Problem):
    status, code, title, retry = 401, "bad_credentials", "Name and password do not match", "never"
    hint = "Check both and try again. An admin can reset your password. What you saved on this device stays."


class TooManyAttempts(Problem):
    status, code, title, retry = 429, "too_many_attempts", "Too many failed attempts", "backoff"
    hint = "Wait as long as `retry_after` says, in seconds, or sign in from another place."

    def __init__(self, seconds: int):
        super().__init__(headers={"Retry-After": str(seconds)}, retry_after=seconds)


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
