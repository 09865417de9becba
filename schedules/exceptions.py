"""Everything that the application `schedules` refuses, with a message fit for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext as _


class ScheduleError(Exception):
    """Base of all refusals of this application; `str(error)` is a sentence for people."""


class ScheduleNotFound(ScheduleError):
    """There is no schedule (or occurrence) with this id, or the user may not see it."""

    def __init__(self, schedule_id: UUID | str) -> None:
        super().__init__(_("There is no schedule %(id)s.") % {"id": schedule_id})


class InvalidSchedule(ScheduleError):
    """Values were refused; `errors` maps a field's path, such as `trigger_kwargs.minutes`, to messages."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {field: [str(message) for message in messages] for field, messages in errors.items()}
        super().__init__(" ".join(f"{field}: {' '.join(messages)}" for field, messages in self.errors.items()))


class Conflict(ScheduleError):
    """Somebody else changed the schedule after the editor had read it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(name)s was changed by somebody else in the meantime. Look at it again before you change it.")
            % {"name": name}
        )


class NotPermitted(ScheduleError):
    """The user may not do this with the schedules of this task."""

    def __init__(self, name: str) -> None:
        super().__init__(_("You may not change schedules of %(name)s.") % {"name": name})


class CannotStart(ScheduleError):
    """A start that somebody asked for was refused; the sentence says why."""


class DuplicateJob(ScheduleError):
    """Two functions declare a schedule with the same id."""

    def __init__(self, job_id: str, first: str, second: str) -> None:
        super().__init__(
            _("Two schedules are declared with the id %(id)s: by %(first)s and by %(second)s.")
            % {"id": job_id, "first": first, "second": second}
        )


class UnknownJob(ScheduleError):
    """No schedule is declared in code, and none is stored, under this id."""

    def __init__(self, job_id: str, known: Sequence[str]) -> None:
        self.known = sorted(known)
        super().__init__(
            _("No schedule is named %(id)s. Known: %(known)s.") % {"id": job_id, "known": ", ".join(self.known) or "-"}
        )


class UnreadableTrigger(ScheduleError):
    """A stored trigger cannot be read by this version of the code; the schedule is parked, never deleted."""

    def __init__(self, why: str) -> None:
        super().__init__(_("Its trigger cannot be read: %(why)s") % {"why": why})
