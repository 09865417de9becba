"""`{% history object %}`: the trail of an object, for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from accounts.audit import changes_of

if TYPE_CHECKING:
    from django.db.models import Model

register = template.Library()


@register.inclusion_tag("components/history.html", takes_context=True)
def history(context: dict[str, Any], row: Model, revert_url: str = "", when_empty: bool = True) -> dict[str, Any]:
    """Show who changed `row`, when and what. With `revert_url`, each earlier state can be brought back: the form posts
    the entry's number there as `event`. Not `when_empty`: nothing is shown where nothing was changed."""
    return {
        "changes": changes_of(row, getattr(context.get("request"), "user", None)),
        "when_empty": when_empty,
        "revert_url": revert_url,
        "csrf_token": context.get("csrf_token"),
    }
