"""What a page takes from its viewer: the time zone that times are shown in, and the theme."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("light", "dark")
A_YEAR = 31_536_000
_known_zones = available_timezones()


class ViewerMiddleware:
    """Activates the viewer's time zone for the request: the user's own setting, else the browser's (cookie `tz`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.begun_at = time.time()  # type: ignore[attr-defined]  # what changes from now on is not on the page
        name = getattr(request.user, "time_zone", "") or unquote(request.COOKIES.get("tz", ""))
        if name in _known_zones:
            with timezone.override(ZoneInfo(name)):
                return self.get_response(request)
        return self.get_response(request)


def theme_of(request: HttpRequest) -> str:
    """Return the theme that the viewer chose, or nothing when the system decides."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the chosen theme in a cookie and go back to where the viewer was."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
