"""What every template may ask about the person in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject

from accounts.permissions import is_admin

if TYPE_CHECKING:
    from django.http import HttpRequest


def administers(request: HttpRequest) -> dict[str, Any]:
    """`administers`: the user is an admin. Asked only where a template does."""
    return {"administers": SimpleLazyObject(lambda: is_admin(request.user))}
