"""When schedules are due: six kinds of triggers in JSON, their next due times, and a sentence for each.

`parse` what people give, `load` what the database holds, `preview` to show it. Pure Python: no database.
"""

from schedules.triggers.base import VERSION, Trigger
from schedules.triggers.codec import KINDS, load, parse
from schedules.triggers.declared import from_field_kwargs
from schedules.triggers.errors import SearchLimitReached, TriggerError
from schedules.triggers.preview import DueTime, Preview, preview

__all__ = [
    "KINDS",
    "VERSION",
    "DueTime",
    "Preview",
    "SearchLimitReached",
    "Trigger",
    "TriggerError",
    "from_field_kwargs",
    "load",
    "parse",
    "preview",
]
