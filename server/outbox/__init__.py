"""The transactional outbox: a job is a row of the transaction that wants it; Redis and RQ are only the doorbell.

A worker claims a row with a lease and a fencing token, so that a job runs again after a crash and a worker that
lost its lease can no longer settle it. `sweep` and RQ run the same `run_one`.
"""

from server.outbox.claims import Job, LeaseLost, confirm, finish, put_off, write
from server.outbox.runner import handles, run_one, sweep
from server.outbox.worker import run_worker

__all__ = [
    "Job",
    "LeaseLost",
    "confirm",
    "finish",
    "handles",
    "put_off",
    "run_one",
    "run_worker",
    "sweep",
    "write",
]
