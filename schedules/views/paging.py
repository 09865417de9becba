"""Pages by the last row's place in the order, not by its number: as quick at the end of a long list as at its start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

M = TypeVar("M", bound=Model)


@dataclass
class Page(Generic[M]):
    """One page of rows, and the query strings of its neighbours ("" where there is none)."""

    items: list[M]
    first: str = ""
    next: str = ""


def paged(queryset: QuerySet[M], order: tuple[str, ...], parameters: Mapping[str, str], size: int) -> Page[M]:
    """Return the page that `parameters["after"]` asks for; `order` ends in a unique field. A bad place: the first."""
    rest = {name: value for name, value in parameters.items() if name != "after" and value}
    place = _place(parameters.get("after", ""), len(order))
    if place is not None:
        queryset = queryset.filter(_behind(order, place))
    rows = list(queryset.order_by(*order)[: size + 1])
    page = Page(rows[:size])
    if place is not None:
        page.first = "?" + urlencode(rest)
    if len(rows) > size:
        last = [getattr(page.items[-1], name.lstrip("-")) for name in order]
        page.next = "?" + urlencode({**rest, "after": json.dumps(last, cls=_Exact, separators=(",", ":"))})
    return page


class _Exact(DjangoJSONEncoder):
    """Times to the microsecond: Django's own cuts them to milliseconds, and a row would come twice."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _place(text: str, length: int) -> list[Any] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(values, list)
        or len(values) != length
        or not all(isinstance(v, str) and "\0" not in v for v in values)
    ):
        return None
    return values


def _behind(order: tuple[str, ...], place: list[Any]) -> Q:
    condition = Q()
    for index, name in enumerate(order):
        same = {field.lstrip("-"): value for field, value in zip(order[:index], place, strict=False)}
        condition |= Q(**same, **{f"{name.lstrip('-')}__{'lt' if name.startswith('-') else 'gt'}": place[index]})
    return condition
