"""`{% history object %}`: the trail of an object, for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from accounts.audit import changes_of

if TYPE_CHECKING:
    from django.db.models import Model

register = template.Library()


@register.inclusion_tag("components/history.html", takes_context=True)
def history(context: dict[str, Any], row: Model, revert_url: str = "") -> dict[str, Any]:
    """Show who changed `row`, when and what. With `revert_url`, each earlier state can be brought back: the form posts
    the entry's number there as `event`."""
    return {"changes": changes_of(row), "revert_url": revert_url, "csrf_token": context.get("csrf_token")}
