"""The feed: ops come in through one door (push), changes go out to every reader in scope (pull)."""
