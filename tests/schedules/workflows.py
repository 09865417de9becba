"""A task whose form the pages of schedules have to show: pages that depend on each other, and a secret."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from django import forms

from orchestrator.forms import FormPage
from orchestrator.targets import Target
from orchestrator.workflow import StepList, done, init, workflow
from tasks.forms import SecretField


class Site(FormPage):
    site = forms.ChoiceField(choices=[("ams", "Amsterdam"), ("lon", "London")])
    password = SecretField()


def by_site(state: dict[str, Any]) -> Generator[type[forms.Form], Any, dict[str, Any]]:
    """Ask for a site, then for one of its routers."""
    first = yield Site

    class Router(FormPage):
        router = forms.CharField(initial=f"{first.site}-core-01", max_length=20)

    second = yield Router
    return {"site": first.site, "router": second.router, "password": first.password}


@workflow("Rotate communities", target=Target.SYSTEM, initial_input_form=by_site)
def task_with_pages() -> StepList:
    return init >> done
