"""Accounts: who a person is, what the account may do, and how somebody signs in."""
