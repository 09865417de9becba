"""Django's admin: for superusers only, behind the same login as everything else, and without what acts on jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Their admins run, retry or delete jobs behind the engine's back; tokens have a page of their own.
LEFT_OUT: Final = frozenset({"django_apscheduler", "procrastinate", "knox", "pghistory", "account", "socialaccount"})


class Site(AdminSite):
    """Raw access to the rows of people, groups and sign-in."""

    site_header = _("Orchestrator: rows of people and sign-in")
    site_title = _("Orchestrator")

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Register models, except those of `LEFT_OUT`."""
        given: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        if kept := [model for model in given if model._meta.app_label not in LEFT_OUT]:
            super().register(kept, *args, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the one login, with its rate limits and one-time codes; there is no second one here."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))
