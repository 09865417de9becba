"""What can be done with processes. Pages, API, commands and schedules call these functions and nothing below them."""

from tasks.services.access import processes_seen_by, workflows_seen_by
from tasks.services.availability import Availability, PendingForm, available_actions, pending_form, start_refusal
from tasks.services.callbacks import receive_callback, report_progress
from tasks.services.controlling import (
    Result,
    abort_process,
    bulk,
    delete_process,
    resume_process,
    retry_process,
    set_note,
    start_again,
)
from tasks.services.doors import Unqueued, starting_from
from tasks.services.inline import run_inline, unqueued
from tasks.services.locking import engine_settings, lock_engine, unlock_engine
from tasks.services.starting import start_many, start_process
from tasks.services.writing import StartRequest

__all__ = [
    "Availability",
    "PendingForm",
    "Result",
    "StartRequest",
    "Unqueued",
    "abort_process",
    "available_actions",
    "bulk",
    "delete_process",
    "engine_settings",
    "lock_engine",
    "pending_form",
    "processes_seen_by",
    "receive_callback",
    "report_progress",
    "resume_process",
    "retry_process",
    "run_inline",
    "set_note",
    "start_again",
    "start_many",
    "start_process",
    "start_refusal",
    "starting_from",
    "unlock_engine",
    "unqueued",
    "workflows_seen_by",
]
