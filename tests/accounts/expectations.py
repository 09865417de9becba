"""Every address that the application answers, and who gets in: see `test_every_address.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

RANKS = ("anonymous", "foreign", "viewer", "operator", "scheduler", "admin", "superuser")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# The least who gets in, by method; a method that is not named is refused to everybody. `foreign` is whoever is logged
# in: what they get holds nothing that they may not see. `!`: who gets in changes something.
EXPECTED: dict[str, str] = {
    # Pages
    "": "GET foreign",
    "seen/": "POST foreign",
    "search/": "GET foreign",
    "theme/": "POST anonymous",
    "events/": "GET foreign",
    "system/": "GET foreign",
    "system/design/": "GET foreign",
    "system/lock/": "POST admin!",
    "tasks/": "GET foreign",
    "tasks/<str:name>/": "GET viewer, POST operator!",
    "tasks/<str:name>/run/": "POST operator!",
    "processes/": "GET foreign",
    "processes/bulk/": "POST operator!",
    "processes/export/": "GET foreign",
    "processes/<uuid:process_id>/": "GET viewer",
    "processes/<uuid:process_id>/resume/": "POST operator",
    "processes/<uuid:process_id>/note/": "POST operator!",
    "processes/<uuid:process_id>/<slug:action>/": "POST operator!",
    "workflows/": "GET foreign",
    "workflows/<str:name>/": "GET viewer",
    "products/": "GET foreign",
    "products/<uuid:pk>/": "GET foreign",
    "subscriptions/": "GET foreign",
    "subscriptions/<uuid:pk>/": "GET foreign",
    "schedules/": "GET foreign",
    "schedules/bulk/": "POST scheduler!",
    "schedules/new/": "GET foreign, POST scheduler",
    "schedules/preview/": "POST foreign",
    "schedules/week/": "GET foreign",
    "schedules/outage/": "GET foreign, POST operator",
    "schedules/<uuid:pk>/": "GET viewer",
    "schedules/<uuid:pk>/edit/": "GET viewer, POST scheduler",
    "schedules/<uuid:pk>/delete/": "GET viewer, POST scheduler!",
    "schedules/<uuid:pk>/pause/": "GET viewer, POST scheduler!",
    "schedules/<uuid:pk>/resume/": "POST scheduler",
    "schedules/<uuid:pk>/skip/": "POST scheduler!",
    "schedules/<uuid:pk>/run/": "POST operator!",
    "schedules/<uuid:pk>/restore/": "POST scheduler",
    "schedules/<uuid:pk>/own/": "POST scheduler!",
    "schedules/<uuid:pk>/revert/": "POST scheduler!",
    # API
    "api/": "GET anonymous",
    "api/schema/": "GET anonymous",
    "api/docs/": "GET anonymous",
    "api/status/": "GET foreign, PUT admin!",
    "api/status/history/": "GET foreign",
    "api/tokens/": "GET foreign, POST foreign!",
    "api/tokens/<uuid:token_id>/": "",  # this one is another's
    "api/sessions/": "GET foreign",
    "api/sessions/<int:pk>/": "",  # so is this one
    "api/people/": "GET admin, POST admin!",
    "api/people/<int:pk>/": "GET admin, PATCH admin!",
    "api/groups/": "GET admin, POST admin!",
    "api/groups/<int:pk>/": "DELETE admin!",
    "api/grants/": "GET admin",
    "api/grants/<str:name>/": "GET admin, PUT admin!",
    "api/tasks/": "GET foreign",
    "api/tasks/<str:name>/": "GET viewer",
    "api/tasks/<str:name>/form/": "POST viewer",
    "api/workflows/": "GET foreign",
    "api/workflows/<str:name>/": "GET viewer",
    "api/workflows/<str:name>/form/": "POST viewer",
    "api/processes/": "GET foreign, POST operator!",
    "api/processes/bulk/": "POST operator!",
    "api/processes/<uuid:process_id>/": "GET viewer, PATCH operator!, DELETE admin",
    "api/processes/<uuid:process_id>/logs/": "GET viewer",
    "api/processes/<uuid:process_id>/form/": "POST viewer",
    "api/processes/<uuid:process_id>/resume/": "POST operator",
    "api/processes/<uuid:process_id>/retry/": "POST operator",
    "api/processes/<uuid:process_id>/abort/": "POST operator!",
    "api/processes/<uuid:process_id>/start-again/": "POST operator!",
    # The token in the address lets in; the one here is wrong.
    "api/processes/<uuid:process_id>/callback/<str:token>/": "",
    "api/processes/<uuid:process_id>/callback/<str:token>/progress/": "",
    "api/schedules/": "GET foreign, POST scheduler!",
    "api/schedules/preview/": "POST foreign",
    "api/schedules/bulk/": "POST scheduler!",
    "api/schedules/outage/": "GET foreign, POST operator",
    "api/schedules/<uuid:pk>/restore/": "POST scheduler",
    "api/schedules/<uuid:pk>/": "GET viewer, PATCH scheduler!, DELETE scheduler!",
    "api/schedules/<uuid:pk>/occurrences/": "GET viewer",
    "api/schedules/<uuid:pk>/pause/": "POST scheduler!",
    "api/schedules/<uuid:pk>/resume/": "POST scheduler",
    "api/schedules/<uuid:pk>/run/": "POST operator!",
    "api/schedules/<uuid:pk>/skip-next/": "POST scheduler!",
    "api/schedules/<uuid:pk>/take-ownership/": "POST scheduler",
    "api/schedules/<uuid:pk>/history/": "GET viewer",
    "api/schedules/<uuid:pk>/revert/": "POST scheduler!",
    # Machines that watch us
    "health/": "ANY anonymous",
    "metrics": "ANY anonymous",
    # People
    "accounts/tokens/": "GET foreign, POST foreign!",
    "accounts/tokens/<uuid:token_id>/revoke/": "POST foreign",
    "accounts/sessions/<int:pk>/end/": "",  # this one is another's
    "accounts/people/": "GET admin",
    "accounts/people/new/": "GET admin, POST admin!",
    "accounts/people/<int:pk>/": "GET admin, POST admin!",
    "accounts/groups/new/": "POST admin!",
    "accounts/groups/<int:pk>/delete/": "POST admin!",
    "accounts/grants/": "GET admin",
    "accounts/grants/<str:name>/": "GET admin, POST admin!",
    r"accounts/^(?:password/reset|email|confirm-email|login/code)(?:/|$)": "",
    # django-allauth's, and of those closed above
    "accounts/login/": "GET anonymous, POST anonymous",
    "accounts/logout/": "GET anonymous, POST anonymous",
    "accounts/inactive/": "GET anonymous",
    "accounts/signup/": "ANY anonymous",  # says that it is closed
    "accounts/reauthenticate/": "GET foreign, POST foreign",
    "accounts/email/": "",
    "accounts/confirm-email/": "",
    "accounts/password/change/": "GET foreign, POST foreign",
    "accounts/password/set/": "GET foreign, POST foreign",
    "accounts/password/reset/": "",
    "accounts/login/code/confirm/": "",
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": "",
    "accounts/password/reset/key/done/": "",
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "",
    "accounts/password/reset/done/": "",
    "accounts/2fa/": "GET foreign",
    "accounts/2fa/authenticate/": "GET foreign, POST foreign",
    "accounts/2fa/reauthenticate/": "GET foreign, POST foreign",
    "accounts/2fa/totp/activate/": "GET foreign, POST foreign",
    "accounts/2fa/totp/deactivate/": "",  # there is none to end
    "accounts/2fa/recovery-codes/": "",
    "accounts/2fa/recovery-codes/generate/": "GET foreign, POST foreign",
    "accounts/2fa/recovery-codes/download/": "",
    "accounts/3rdparty/login/cancelled/": "GET anonymous",
    "accounts/3rdparty/login/error/": "",
    "accounts/3rdparty/signup/": "",
    "accounts/3rdparty/": "GET foreign, POST foreign",
    "accounts/social/login/cancelled/": "ANY anonymous",
    "accounts/social/login/error/": "ANY anonymous",
    "accounts/social/signup/": "ANY anonymous",
    "accounts/social/connections/": "ANY anonymous",
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/": "",  # none is configured
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": "",
    "accounts/sessions/": "GET foreign, POST foreign",
}


def addresses(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Yield every pattern of the resolver, as it is written."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield text
        else:
            yield from addresses(pattern.url_patterns, text)


def expected(rules: str) -> dict[str, tuple[str, bool]]:
    """Read `GET viewer, POST operator!`."""
    found = {}
    for rule in filter(None, rules.split(", ")):
        method, least = rule.split(" ")
        for each in METHODS if method == "ANY" else [method]:
            found[each] = (least.rstrip("!"), least.endswith("!"))
    return found
