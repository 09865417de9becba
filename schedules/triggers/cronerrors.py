"""Say in a sentence what is wrong with a cron expression."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from cronsim import CronSim, CronSimError
from cronsim.cronsim import SYMBOLIC_DAYS, SYMBOLIC_MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

_FIELDS = {
    "second": (gettext_noop("second"), 0, 59),
    "minute": (gettext_noop("minute"), 0, 59),
    "hour": (gettext_noop("hour"), 0, 23),
    "day-of-month": (gettext_noop("day of month"), 1, 31),
    "month": (gettext_noop("month"), 1, 12),
    "day-of-week": (gettext_noop("day of week"), 0, 7),
}
_NAMES = {"month": SYMBOLIC_MONTHS, "day-of-week": SYMBOLIC_DAYS}


def explain_error(expression: str, nicknames: Collection[str]) -> str:
    """Return what is wrong with the expression, or nothing when it is right."""
    text = " ".join(expression.split())
    if not text:
        return _("Give a cron expression such as 30 1 * * *.")
    if text.startswith("@"):
        return "" if text.lower() in nicknames else _nickname(text, nicknames)
    parts = text.upper().split()
    if len(parts) not in {5, 6}:
        return ngettext(
            "'%(expression)s' has %(count)d field. A cron expression has five: minute, hour, day of month, month, "
            "day of week; or six, with the second first.",
            "'%(expression)s' has %(count)d fields. A cron expression has five: minute, hour, day of month, month, "
            "day of week; or six, with the second first.",
            len(parts),
        ) % {"expression": text, "count": len(parts)}
    try:
        CronSim(text, datetime(2000, 1, 1))  # noqa: DTZ001
    except CronSimError:
        pass
    else:
        return ""
    names = list(_FIELDS)[-len(parts) :]
    for name, part in zip(names, parts, strict=True):
        if not _readable(name, part):
            return f"'{text}' " + _field_error(name, part)
    return _("'%(expression)s' would never run: no month that it names has such a day.") % {"expression": text}


def _readable(name: str, part: str) -> bool:
    """Tell whether cronsim can read this field by itself."""
    names = list(_FIELDS)
    fields = ["*"] * 6
    fields[names.index(name)] = part
    if name == "day-of-month":
        fields[4] = "1"
    try:
        CronSim(" ".join(fields), datetime(2000, 1, 1))  # noqa: DTZ001
    except CronSimError:
        return False
    return True


def _field_error(name: str, part: str) -> str:
    """Return the end of the sentence: what this field lacks, names, or turns round."""
    label, low, high = _FIELDS[name]
    term = next((term for term in part.split(",") if not _readable(name, term or "?")), part)
    values = {"field": _(label), "term": term, "low": low, "high": high}
    body, _slash, step = term.partition("/")
    if _slash and (not step.isdecimal() or int(step[:5]) == 0):
        return _("has a step '%(step)s' in the %(field)s; a step is a number from 1.") % {**values, "step": step}
    position = re.fullmatch(r"\w+#(.*)", body)
    if name == "day-of-week" and position and position[1] not in {"1", "2", "3", "4", "5"}:
        return _("asks for week '%(week)s' of the month (1 to 5).") % {**values, "week": position[1]}
    ends = [_value(name, end) for end in body.partition("#")[0].split("-")]
    for text, value in zip(body.partition("#")[0].split("-"), ends, strict=True):
        if value is not None and not low <= value <= high:
            return _("has no %(field)s %(value)s (%(low)d to %(high)d).") % {**values, "value": text}
    first, *rest = ends
    if first is not None and len(rest) == 1 and rest[0] is not None and rest[0] < first:
        return _("counts backwards in the %(field)s: %(term)s. Write the smaller one first.") % values
    return _("cannot be read: '%(term)s' is not a valid %(field)s (%(low)d to %(high)d).") % values


def _value(name: str, text: str) -> int | None:
    names = _NAMES.get(name, [])
    if text in names:
        return names.index(text) + (1 if name == "month" else 0)
    return int(text[:9]) if text.isascii() and text.isdecimal() else None


def _nickname(text: str, known: Collection[str]) -> str:
    return _("There is no '%(nickname)s'. Known are: %(known)s.") % {"nickname": text, "known": ", ".join(known)}
