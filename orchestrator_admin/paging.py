"""Pages by the last row's place in the order, not by its number: as quick at the end of a long list as at its start."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
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


class Source(Protocol):
    """A part of a list that knows itself how to find its newest rows."""

    def newest(self, behind: Callable[[Any], Any], count: int, since: datetime | None) -> list[tuple[Any, Any]]:
        """Return moment and key of the newest `count` rows of those that `behind`, applied to a queryset, leaves.

        Those before `since` are not needed.
        """


def paged(
    queryset: QuerySet[M],
    newest_by: str,
    parameters: QueryDict,
    size: int = 50,
    parts: Sequence[QuerySet[M] | Source] = (),
) -> Page[M]:
    """Return the page, newest first, that `parameters["after"]` asks for; a place that makes no sense is the first.

    Of `parts`, which may overlap, the page shows what any of them holds, as `queryset` fetches it: a page's worth of
    keys comes from each, so that each is read by its own index. One query more for all querysets among them.
    """
    place = _read(parameters.get("after", ""))
    try:
        _behind(queryset, newest_by, place)
    except (ValidationError, ValueError):  # no key of this table
        place = None
    behind = partial(_behind, newest_by=newest_by, place=place)
    order = (f"-{newest_by}", "-pk")
    if parts:
        keys = set[tuple[Any, Any]]()
        plain = [behind(part) for part in parts if isinstance(part, QuerySet)]
        newest = [part.order_by(*order).values_list(newest_by, "pk")[: size + 1] for part in plain]
        if newest:
            keys.update(newest[0].union(*newest[1:], all=True) if newest[1:] else newest[0])
        since = sorted(keys, reverse=True)[size][0] if len(keys) > size else None  # they fill the page from there
        for part in parts:
            keys.update(() if isinstance(part, QuerySet) else part.newest(behind, size + 1, since))
        queryset = queryset.filter(pk__in=[key for _moment, key in sorted(keys, reverse=True)[: size + 1]])
    else:
        queryset = behind(queryset)
    rows = list(queryset.order_by(*order)[: size + 1])
    page = Page(rows[:size])
    if place is not None:
        page.first = _query(parameters)
    if len(rows) > size:
        last = page.items[-1]
        page.next = _query(parameters, after=_written(getattr(last, newest_by), last.pk))
    return page


def batches(queryset: QuerySet[M], newest_by: str, size: int = 1000) -> Iterator[list[M]]:
    """Yield all rows, newest first, `size` at a time. Each batch is a query of its own: nothing is kept in between."""
    place: tuple[datetime, Any] | None = None
    ordered = queryset.order_by(f"-{newest_by}", "-pk")
    while rows := list(_behind(ordered, newest_by, place)[:size]):
        yield rows
        if len(rows) < size:
            return
        place = getattr(rows[-1], newest_by), rows[-1].pk


def _behind(queryset: QuerySet[M], newest_by: str, place: tuple[datetime, Any] | None) -> QuerySet[M]:
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
