"""Pages by the last row's place in the order, not by its number: as quick at the end of a long list as at its start."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)


@dataclass
class Page(Generic[M]):
    """One page of rows, and the query strings of its neighbours (empty where there is none)."""

    items: list[M]
    first: str = ""
    next: str = ""


def paged(queryset: QuerySet[M], newest_by: str, parameters: QueryDict, size: int = 50) -> Page[M]:
    """Return the page, newest first, that `parameters["after"]` asks for; a place that makes no sense is the first.

    The order is `-newest_by, -pk`. Its condition begins with a plain bound on the indexed field, since PostgreSQL
    walks an index from there, but not for an OR alone.
    """
    place = _read(parameters.get("after", ""))
    if place is not None:
        moment, key = place
        earlier = Q(**{f"{newest_by}__lt": moment}) | Q(**{newest_by: moment, "pk__lt": key})
        try:
            queryset = queryset.filter(earlier, **{f"{newest_by}__lte": moment})
        except (ValidationError, ValueError):  # no key of this table
            place = None
    rows = list(queryset.order_by(f"-{newest_by}", "-pk")[: size + 1])
    page = Page(rows[:size])
    if place is not None:
        page.first = _query(parameters)
    if len(rows) > size:
        last = page.items[-1]
        page.next = _query(parameters, after=_written(getattr(last, newest_by), last.pk))
    return page


def _query(parameters: QueryDict, **changes: str) -> str:
    names = [name for name in parameters if name != "after"]
    rest = [(name, value) for name in names for value in parameters.getlist(name) if value]
    return "?" + urlencode([*rest, *changes.items()])


def _written(moment: datetime, key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(key)]).encode()).decode().rstrip("=")


def _read(text: str) -> tuple[datetime, str] | None:
    try:
        moment, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        found = datetime.fromisoformat(moment), str(key)
    except (ValueError, TypeError, RecursionError):
        return None
    return None if found[0].tzinfo is None or "\0" in found[1] else found
