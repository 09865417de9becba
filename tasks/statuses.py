"""The words for what becomes of processes and steps. Importable without the models."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProcessStatus(TextChoices):
    """State of a process. `created` and `resumed` are queued; see `transitions` for what may follow what."""

    CREATED = "created", _("Created")
    RUNNING = "running", _("Running")
    SUSPENDED = "suspended", _("Suspended")
    WAITING = "waiting", _("Waiting")
    AWAITING_CALLBACK = "awaiting_callback", _("Awaiting callback")
    ABORTED = "aborted", _("Aborted")
    FAILED = "failed", _("Failed")
    API_UNAVAILABLE = "api_unavailable", _("API unavailable")
    INCONSISTENT_DATA = "inconsistent_data", _("Inconsistent data")
    COMPLETED = "completed", _("Completed")
    RESUMED = "resumed", _("Resumed")


QUEUED = (ProcessStatus.CREATED, ProcessStatus.RESUMED)
FAILURES = (ProcessStatus.FAILED, ProcessStatus.API_UNAVAILABLE, ProcessStatus.INCONSISTENT_DATA)
TERMINAL = (ProcessStatus.COMPLETED, ProcessStatus.ABORTED)
GOING = (
    ProcessStatus.CREATED,
    ProcessStatus.RUNNING,
    ProcessStatus.SUSPENDED,
    ProcessStatus.WAITING,
    ProcessStatus.AWAITING_CALLBACK,
    ProcessStatus.RESUMED,
)
"""Neither ended nor failed: the process will go on, by itself or when somebody acts."""

LEGAL: dict[ProcessStatus, tuple[ProcessStatus, ...]] = {
    ProcessStatus.CREATED: (ProcessStatus.RUNNING, ProcessStatus.ABORTED),
    ProcessStatus.RESUMED: (ProcessStatus.RUNNING, ProcessStatus.ABORTED),
    ProcessStatus.RUNNING: (
        ProcessStatus.COMPLETED,
        ProcessStatus.SUSPENDED,
        ProcessStatus.WAITING,
        ProcessStatus.AWAITING_CALLBACK,
        *FAILURES,
        ProcessStatus.ABORTED,
        ProcessStatus.RESUMED,
    ),
    ProcessStatus.SUSPENDED: (ProcessStatus.RESUMED, ProcessStatus.ABORTED),
    ProcessStatus.WAITING: (ProcessStatus.RESUMED, ProcessStatus.ABORTED),
    ProcessStatus.AWAITING_CALLBACK: (ProcessStatus.RESUMED, ProcessStatus.FAILED, ProcessStatus.ABORTED),
    **dict.fromkeys(FAILURES, (ProcessStatus.RESUMED, ProcessStatus.ABORTED)),
    ProcessStatus.ABORTED: (),
    ProcessStatus.COMPLETED: (),
}
"""What may follow what. A trigger in the database refuses everything else."""


class StepStatus(TextChoices):
    """Outcome of one executed step; `running`: a group or foreach of which some parts are done."""

    RUNNING = "running", _("Running")
    SUCCESS = "success", _("Success")
    SKIPPED = "skipped", _("Skipped")
    SUSPEND = "suspend", _("Suspended")
    WAITING = "waiting", _("Waiting")
    AWAITING_CALLBACK = "awaiting_callback", _("Awaiting callback")
    FAILED = "failed", _("Failed")
    ABORT = "abort", _("Aborted")
    COMPLETE = "complete", _("Complete")


FINISHED_STEP = (StepStatus.SUCCESS, StepStatus.SKIPPED, StepStatus.COMPLETE)
