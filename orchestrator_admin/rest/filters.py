"""Filters of lists. An unknown parameter is refused: ignored, a mistyped filter would show everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

PAGING: Final = frozenset({"cursor", "limit", "ordering", "format"})


class FilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """django-filter, for lists only, and strict about names."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any, Any], view: APIView) -> Any:
        filterset = self.get_filterset_class(view, queryset)
        known = PAGING | (filterset.base_filters.keys() if filterset else set())
        if unknown := [name for name in request.query_params if name not in known]:
            raise ValidationError({name[:100]: [_("There is no such parameter.")] for name in unknown[:20]})
        return super().filter_queryset(request, queryset, view)
