"""The only writer of a process's status. Each function is a compare-and-set: it changes what is expected, or nothing.

What may follow what stands in `statuses.LEGAL`, which a trigger in the database enforces as well. A process that runs
belongs to whoever holds its lease token: only with it can results be recorded, and whoever takes the process away
(the sweeper, a person) takes the token away. Times are the database's.
"""

from __future__ import annotations

from tasks.exceptions import LeaseLost
from tasks.transitions.claiming import Claimed, Leads, Taken, begin_step, claim, renew, take, take_job, taken
from tasks.transitions.conditions import LEASE_SECONDS
from tasks.transitions.recording import Next, Orders, Result, record
from tasks.transitions.stopping import (
    abort_running,
    abort_stopped,
    fail_refused,
    fail_waiting,
    hand_back,
    request_abort,
    resume,
    take_from_lost_worker,
)

__all__ = [
    "LEASE_SECONDS",
    "Claimed",
    "Leads",
    "LeaseLost",
    "Next",
    "Orders",
    "Result",
    "Taken",
    "abort_running",
    "abort_stopped",
    "begin_step",
    "claim",
    "fail_refused",
    "fail_waiting",
    "hand_back",
    "record",
    "renew",
    "request_abort",
    "resume",
    "take",
    "take_from_lost_worker",
    "take_job",
    "taken",
]
