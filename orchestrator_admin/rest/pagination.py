"""Lists by keyset: a page begins behind the last row of the one before, so deep pages cost what the first one costs.

The cursor holds the value of the ordering field and the primary key of that row. Rows without a value come last in
both directions.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError as RestValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.db.models.expressions import OrderBy
    from rest_framework.request import Request
    from rest_framework.views import APIView

LARGEST_PAGE: Final = 500


class Cursor(NamedTuple):
    """Where a page begins: behind (`reverse`: before) the row with this value and key."""

    reverse: bool
    value: Any
    key: Any


class KeysetPagination(BasePagination):
    """Answers `{"next", "previous", "results"}`. A view names what it can be ordered by in `ordering_fields`; the first
    is the default."""

    page_size = 50

    def paginate_queryset(
        self, queryset: QuerySet[Any, Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.model: type[Model] = queryset.model
        self._read_ordering(request, getattr(view, "ordering_fields", ("pk",)))
        self.size = self._read_size(request)
        self.cursor = self._read_cursor(request)
        reverse = self.cursor is not None and self.cursor.reverse
        if self.cursor is not None:
            queryset = queryset.filter(self._beyond(self.cursor))
        rows = list(queryset.order_by(*self._order(reverse))[: self.size + 1])
        self.more = len(rows) > self.size
        self.rows = rows[: self.size][::-1] if reverse else rows[: self.size]
        return self.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next(), "previous": self._previous(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        fields = [name.lstrip("-") for name in getattr(view, "ordering_fields", ())]
        orders = [order for name in fields for order in (name, f"-{name}")]
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": self.page_size}
        parameters: list[tuple[str, str, dict[str, Any]]] = [
            ("cursor", "Where the page begins, as `next` and `previous` say it.", {"type": "string"}),
            ("limit", "Rows a page.", size),
        ]
        if orders:
            schema = {"type": "string", "enum": orders, "default": view.ordering_fields[0]}  # type: ignore[attr-defined]
            parameters.append(("ordering", "Field to order by; `-` before it: downwards.", schema))
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
            for name, text, schema in parameters
        ]

    def _read_ordering(self, request: Request, fields: tuple[str, ...]) -> None:
        asked = request.query_params.get("ordering") or fields[0]
        if asked.lstrip("-") not in {name.lstrip("-") for name in fields} or asked.startswith("--"):
            allowed = ", ".join(name.lstrip("-") for name in fields)
            raise RestValidationError({"ordering": [_("Order by one of: %(fields)s.") % {"fields": allowed}]})
        self.field, self.descending = asked.lstrip("-"), asked.startswith("-")

    def _read_size(self, request: Request) -> int:
        text = request.query_params.get("limit", str(self.page_size))
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LARGEST_PAGE):
            message = _("A page has 1 to %(most)s rows.") % {"most": LARGEST_PAGE}
            raise RestValidationError({"limit": [message]})
        return int(text)

    def _read_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get("cursor")
        if not text:
            return None
        try:
            reverse, value, key = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
            field = self._field(self.field)
            value = None if value is None else field.to_python(value)
            field.get_db_prep_value(value, _connection(), prepared=False)
            return Cursor(bool(reverse), value, self._field("pk").to_python(key))
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError):
            raise RestValidationError({"cursor": [_("This is not a cursor of this list.")]}) from None

    def _field(self, name: str) -> Any:
        """Return the model field behind a name such as `workflow__name`."""
        model: type[Model] = self.model
        *relations, last = name.split("__")
        for relation in relations:
            related = model._meta.get_field(relation).related_model
            if not isinstance(related, type):
                raise FieldDoesNotExist(name)
            model = related
        return model._meta.pk if last == "pk" else model._meta.get_field(last)

    def _order(self, reverse: bool) -> list[OrderBy]:
        orders = []
        for name in dict.fromkeys((self.field, "pk")):
            down = self.descending != reverse
            # No value: last, hence first when read backwards. Only said of fields that may lack one, since an index
            # serves an order only when it agrees about this.
            nulls = {"nulls_first" if reverse else "nulls_last": True} if self._field(name).null else {}
            orders.append(F(name).desc(**nulls) if down else F(name).asc(**nulls))
        return orders

    def _beyond(self, cursor: Cursor) -> Q:
        """Return the condition for rows behind the cursor, or before it when it is read backwards."""
        compare = "lt" if self.descending != cursor.reverse else "gt"
        further = Q(**{f"pk__{compare}": cursor.key})
        empty = Q(**{f"{self.field}__isnull": True})
        if cursor.value is None:
            return ~empty | (empty & further) if cursor.reverse else empty & further
        beyond = Q(**{f"{self.field}__{compare}": cursor.value}) | (Q(**{self.field: cursor.value}) & further)
        if not cursor.reverse and self._field(self.field).null:
            return beyond | empty
        # A plain bound as well: PostgreSQL walks an index from there, but not for an OR alone.
        return beyond & Q(**{f"{self.field}__{compare}e": cursor.value})

    def _next(self) -> str | None:
        if not self.rows or (not self.more and not (self.cursor and self.cursor.reverse)):
            return None
        return self._link(self.rows[-1], reverse=False)

    def _previous(self) -> str | None:
        if self.cursor is None or (self.cursor.reverse and not self.more):
            return None
        if not self.rows:
            return remove_query_param(self.url, "cursor")
        return self._link(self.rows[0], reverse=True)

    def _link(self, row: Any, *, reverse: bool) -> str:
        value = row
        for part in self.field.split("__"):
            value = getattr(value, part)
        packed = json.dumps([int(reverse), _exact(value), _exact(row.pk)], cls=DjangoJSONEncoder)
        return replace_query_param(self.url, "cursor", base64.urlsafe_b64encode(packed.encode()).decode())


def _exact(value: Any) -> Any:
    """Times with their microseconds: Django's JSON encoder would cut them to milliseconds."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _connection() -> Any:
    from django.db import connection

    return connection
