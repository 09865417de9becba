"""Once, at a date and time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from schedules.triggers import sentences
from schedules.triggers.base import Trigger
from schedules.triggers.reading import Reader, as_json


class DateTrigger(Trigger):
    """Due once, at `run_date`."""

    kind = "date"

    def __init__(self, run_date: datetime, *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        self.run_date = run_date.astimezone(UTC)

    def series_after(self, after: datetime) -> datetime | None:
        return self.run_date if self.run_date > after else None

    def describe(self) -> str:
        return sentences.once(self.run_date.astimezone(self.zone))


def read(reader: Reader) -> tuple[datetime | None, dict[str, Any]]:
    """Return the run date, and the normalised arguments."""
    if not reader.has("run_date"):
        reader.raw("run_date")
        reader.error("run_date", _("Give the date and time of the run."))
        return None, {}
    run_date = reader.instant("run_date")
    return run_date, {} if run_date is None else {"run_date": as_json(run_date)}
