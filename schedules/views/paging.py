"""Pages of schedules in any order: by the last row's place in it, as `orchestrator_admin.paging` does by time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from orchestrator_admin.paging import Page

M = TypeVar("M", bound=Model)


def paged_by(queryset: QuerySet[M], order: tuple[str, ...], parameters: Mapping[str, str], size: int) -> Page[M]:
    """Return the page that `parameters["after"]` asks for; `order` ends in a unique field. A bad place: the first."""
    rest = {name: value for name, value in parameters.items() if name != "after" and value}
    place = _place(parameters.get("after", ""), len(order))
    if place is not None:
        try:
            queryset = queryset.filter(_behind(order, place))
        except (ValidationError, ValueError):
            place = None
    rows = list(queryset.order_by(*order)[: size + 1])
    page = Page(rows[:size])
    if place is not None:
        page.first = "?" + urlencode(rest)
    if len(rows) > size:
        last = [_text(getattr(page.items[-1], name.lstrip("-"))) for name in order]
        page.next = "?" + urlencode({**rest, "after": json.dumps(last, separators=(",", ":"))})
    return page


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _place(text: str, length: int) -> list[str] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != length:
        return None
    return values if all(isinstance(value, str) and _storable(value) for value in values) else None


def _storable(value: str) -> bool:
    """Tell whether PostgreSQL can compare with it: JSON may hold NUL and half characters."""
    return "\0" not in value and value == value.encode("utf-8", "replace").decode()


def _behind(order: tuple[str, ...], place: list[str]) -> Q:
    """Return what comes after `place`: a plain bound on the first field, since PostgreSQL walks an index from there."""
    first, way = order[0].lstrip("-"), "lt" if order[0].startswith("-") else "gt"
    condition = Q()
    for index, name in enumerate(order):
        same = {field.lstrip("-"): value for field, value in zip(order[:index], place, strict=False)}
        condition |= Q(**same, **{f"{name.lstrip('-')}__{'lt' if name.startswith('-') else 'gt'}": place[index]})
    return condition & Q(**{f"{first}__{way}e": place[0]})
