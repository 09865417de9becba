"""Pages by the last row's place in the order, not by its number: as quick at the end of a long list as at its start."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
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


def paged(
    queryset: QuerySet[M], newest_by: str, parameters: QueryDict, size: int = 50, parts: Sequence[QuerySet[M]] = ()
) -> Page[M]:
    """Return the page, newest first, that `parameters["after"]` asks for; a place that makes no sense is the first.

    Of `parts`, querysets that may overlap, the page shows what any of them holds, as `queryset` fetches it: a page's
    worth of keys comes from each, so that each is read by its own index. One query, with several parts two.
    """
    place = _read(parameters.get("after", ""))
    try:
        found = [_behind(part, newest_by, place) for part in parts or [queryset]]
    except (ValidationError, ValueError):  # no key of this table
        place = None
        found = list(parts or [queryset])
    order = (f"-{newest_by}", "-pk")
    if parts:
        keys = [part.order_by(*order).values_list(newest_by, "pk")[: size + 1] for part in found]
        newest = sorted(set(keys[0].union(*keys[1:], all=True) if keys[1:] else keys[0]), reverse=True)
        queryset = queryset.filter(pk__in=[key for _moment, key in newest[: size + 1]])
    else:
        queryset = found[0]
    rows = list(queryset.order_by(*order)[: size + 1])
    page = Page(rows[:size])
    if place is not None:
        page.first = _query(parameters)
    if len(rows) > size:
        last = page.items[-1]
        page.next = _query(parameters, after=_written(getattr(last, newest_by), last.pk))
    return page


def _behind(queryset: QuerySet[M], newest_by: str, place: tuple[datetime, str] | None) -> QuerySet[M]:
    """Return what comes after `place` in the order `-newest_by, -pk`.

    The condition begins with a plain bound on the indexed field, since PostgreSQL walks an index from there, but not
    for an OR alone.
    """
    if place is None:
        return queryset
    moment, key = place
    earlier = Q(**{f"{newest_by}__lt": moment}) | Q(**{newest_by: moment, "pk__lt": key})
    return queryset.filter(earlier, **{f"{newest_by}__lte": moment})


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
