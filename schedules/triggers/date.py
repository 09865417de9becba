"""Once, at a date and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from django.utils.translation import gettext as _

from schedules.triggers import sentences
from schedules.triggers.arguments import Reader
from schedules.triggers.base import Trigger

_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


class DateTrigger(Trigger):
    """Due once, at `run_date`."""

    kind = "date"

    def __init__(self, run_date: datetime, *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        self.run_date = run_date.astimezone(UTC)

    def series_after(self, after: datetime) -> datetime | None:
        return self.run_date if self.run_date > after else None

    def moved_by_gap(self, due: datetime) -> bool:
        return not _OFFSET.search(self.kwargs["run_date"])  # kept as it was given: see `read`

    def sentence(self) -> str:
        return sentences.once(self.run_date.astimezone(self.zone))


def read(reader: Reader, start: datetime | None, end: datetime | None) -> tuple[datetime, dict[str, Any]]:
    """Return the run date, and the normalised arguments. Raises `TriggerError` for anything wrong so far."""
    run_date = reader.instant("run_date")
    if run_date is None and not reader.errors:
        reader.error("run_date", _("Give the date and time of the run."))
    elif run_date and ((start and run_date < start) or (end and run_date > end)):
        reader.error("run_date", _("This is not between start and end."))
    reader.finish()
    run_date = cast(datetime, run_date)
    if "run_date" in reader.skipped:
        return run_date, {"run_date": reader.json(reader.skipped["run_date"])}
    return run_date, {"run_date": reader.json(run_date)}
