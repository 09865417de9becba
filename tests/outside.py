"""Applications outside the repository, written into a temporary folder, as users of ORCHESTRATOR_APPS write them."""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.apps import AppConfig, apps

from tasks import registry
from tests.system import System

NIGHTLY_SYNC = (Path(registry.__file__).parent / "workflows" / "nightly_sync.py").read_text()
_numbers = itertools.count(1)


def forget_test_workflows(system: System) -> None:
    """Leave only the shipped workflows in the system's database, as in one that was just made."""
    shipped = [name for name, each in registry.registered().items() if each.registered_in == registry.SHIPPED]
    system.sql("DELETE FROM tasks_workflow WHERE name <> ALL(%s)", shipped)


class OutsideApp:
    """A package of a name of its own. Write its files, then `install` it into the running Django."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"outside{next(_numbers)}"
        self.path = folder / self.name
        self.write("__init__.py", "")

    def write(self, path: str, content: str) -> Path:
        """Write a file of the package; APP in its text stands for the package's name."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(content).replace("APP", self.name), encoding="utf-8")
        importlib.invalidate_caches()
        return file

    def install(self, monkeypatch: pytest.MonkeyPatch, settings: Any, entry: str = "") -> None:
        """Make it the one of ORCHESTRATOR_APPS, with an empty memory of what was loaded before.

        Only its own entry is added to the running Django: a change of INSTALLED_APPS would start every application
        for a second time.
        """
        monkeypatch.syspath_prepend(str(self.folder))
        before = registry.registered()
        settings.ORCHESTRATOR_APPS = [entry or self.name]
        config = AppConfig.create(entry or self.name)
        config.apps = apps
        config.models = {}
        monkeypatch.setitem(apps.app_configs, config.label, config)
        apps.clear_cache()
        fresh = registry._Registry()
        fresh.workflows = {name: each for name, each in before.items() if each.registered_in == registry.SHIPPED}
        monkeypatch.setattr(registry, "_registry", fresh)

    def forget(self) -> None:
        """Take the package's modules out of memory."""
        for module in [name for name in sys.modules if name.split(".")[0] == self.name]:
            del sys.modules[module]
