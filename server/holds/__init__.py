"""Footage holds: a promise tracked from the officer's request to the custodian's confirmed keeping."""
