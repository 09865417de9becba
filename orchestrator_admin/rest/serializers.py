"""Reading request bodies: a field that nobody knows is refused, since it is a typing error more often than not."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MOST_PAGES: Final = 100

Body = TypeVar("Body", bound="StrictSerializer")


class StrictSerializer(serializers.Serializer[Any]):
    """A request body: a JSON object with no fields but the declared ones."""

    def to_internal_value(self, data: Any) -> Any:
        known: Any = data
        errors: dict[str, Any] = {}
        if isinstance(data, dict):
            unknown = [str(name) for name in data if name not in self.fields]
            errors = {name[:100]: [_("There is no such field.")] for name in unknown[:20]}
            known = {name: value for name, value in data.items() if name in self.fields}
        try:
            values = super().to_internal_value(known)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**errors, **error.detail}) from None  # type: ignore[dict-item]
        if errors:
            raise serializers.ValidationError(errors)
        return values


def read(body: type[Body], data: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the validated values of a request body, or raise with the errors by field."""
    serializer = body(data=data, **kwargs)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class PagesField(serializers.Field[Any, Any, Any, Any]):
    """`user_inputs`: a list of objects, one for each page of the form. One object alone is a list of one."""

    default_error_messages = {
        "not_pages": gettext_lazy("Give a list of objects, one for each page of the form: [{{…}}, …]."),
        "too_many": gettext_lazy("These are more than {most} pages."),
    }

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        pages = [data] if isinstance(data, dict) else data
        if not isinstance(pages, list) or not all(isinstance(page, dict) for page in pages):
            self.fail("not_pages")
        if len(pages) > MOST_PAGES:
            self.fail("too_many", most=MOST_PAGES)
        return list(pages)

    def to_representation(self, value: Any) -> Any:
        return value
