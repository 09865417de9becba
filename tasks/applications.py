"""The applications that users add through ORCHESTRATOR_APPS, and their modules of a given kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from django.apps import AppConfig, apps
from django.conf import settings


def orchestrator_apps() -> list[AppConfig]:
    """Return the applications that ORCHESTRATOR_APPS names, by module or by configuration class, in that order."""
    return [app for entry in settings.ORCHESTRATOR_APPS for app in apps.get_app_configs() if _names(entry, app)]


def app_modules(kind: str) -> Iterator[tuple[AppConfig, str]]:
    """Yield the modules called `kind` of this application, then of each of ORCHESTRATOR_APPS, where there are such."""
    for config in (apps.get_app_config("tasks"), *orchestrator_apps()):
        module = f"{config.name}.{kind}"
        if importlib.util.find_spec(module) is not None:
            yield config, module


def _names(entry: str, app: AppConfig) -> bool:
    # Asked for every name on a page: the class's path is only made where it may be it.
    kind = type(app)
    return entry == app.name or (
        entry.endswith(kind.__qualname__) and entry == f"{kind.__module__}.{kind.__qualname__}"
    )
