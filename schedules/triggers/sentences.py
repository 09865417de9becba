"""When a trigger is due, as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cronsim.explain import explain
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Describes(Protocol):
    def describe(self) -> str: ...


def cron(expression: str) -> str:
    return explain(expression)


def cron_fields(fields: tuple[tuple[str, int | str], ...]) -> str:
    return _("When the time matches %(fields)s") % {"fields": ", ".join(f"{name} {value}" for name, value in fields)}


def once(moment: datetime) -> str:
    return _("Once, on %(moment)s") % {"moment": f"{moment:%Y-%m-%d %H:%M}"}


def interval(units: dict[str, int], anchor: datetime) -> str:
    (unit, count), *_more = units.items()
    if unit == "minutes":
        return ngettext("Every minute", "Every %(n)d minutes", count) % {"n": count}
    return f"Every {count} {unit}"


def combined(kind: str, legs: Sequence[Describes]) -> str:
    return f" {kind} ".join(leg.describe() for leg in legs)


def calendar_interval(kwargs: dict[str, object], first: object) -> str:
    return f"Every {kwargs}"
