"""`{% account_tabs %}`: the pages about oneself and, for admins, about others."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import is_admin

register = template.Library()

OWN = [
    ("account_tokens", _("API tokens")),
    ("usersessions_list", _("Sessions")),
    ("mfa_index", _("One-time codes")),
    ("account_change_password", _("Password")),
]
SINGLE_SIGN_ON = [("socialaccount_connections", _("Single sign-on"))]
OTHERS = [("people", _("People")), ("grants", _("Grants"))]


@register.inclusion_tag("account/_tabs.html", takes_context=True)
def account_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """Show the links, with the page one is on marked."""
    request = context["request"]
    if not request.user.is_authenticated:
        return {"tabs": []}
    shown = [*OWN, *(SINGLE_SIGN_ON if settings.SOCIALACCOUNT_PROVIDERS else [])]
    shown += OTHERS if is_admin(request.user) else []
    tabs = [{"url": reverse(name), "label": label} for name, label in shown]
    return {"tabs": [{**tab, "current": request.path.startswith(str(tab["url"]))} for tab in tabs]}
