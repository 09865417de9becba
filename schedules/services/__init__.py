"""What can be done with schedules: plain functions, each one transaction, that check permission and say what is wrong.

Every change locks the schedule and first settles what has fallen due under its old form, so that an edit, a pause or a
deletion never swallows a due time. Errors are those of `schedules.exceptions`; starting also raises TaskError.
"""

from schedules.services.access import Availability, available_actions, visible_schedules
from schedules.services.editing import (
    create_schedule,
    delete_schedule,
    edit_schedule,
    restore_declared_trigger,
    take_ownership,
)
from schedules.services.outage import Missed, outage_report, outage_size, start_missed
from schedules.services.pausing import (
    Result,
    bulk_pause,
    bulk_resume,
    pause_schedule,
    resume_schedule,
    skip_next,
)
from schedules.services.running import run_schedule_now

__all__ = [
    "Availability",
    "Missed",
    "Result",
    "available_actions",
    "bulk_pause",
    "bulk_resume",
    "create_schedule",
    "delete_schedule",
    "edit_schedule",
    "outage_report",
    "outage_size",
    "pause_schedule",
    "restore_declared_trigger",
    "resume_schedule",
    "run_schedule_now",
    "skip_next",
    "start_missed",
    "take_ownership",
    "visible_schedules",
]
