"""People and schedules for tests of the pages of schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from orchestrator.workflows import LazyWorkflowInstance
from schedules.models import Schedule
from tasks import registry
from tasks.models import Workflow
from tests.schedules.pages import made


@pytest.fixture
def person() -> Callable[[str], User]:
    """Make a user with one role."""

    def make(role: str) -> User:
        user = User.objects.create_user(f"{role}-{uuid4().hex[:6]}", password="a long enough one")
        user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def planner(person: Callable[[str], User]) -> User:
    return person("scheduler")


@pytest.fixture
def browser(client: Client, planner: User) -> Client:
    """The browser of somebody who may schedule."""
    client.force_login(planner)
    return client


@pytest.fixture
def schedule(planner: User) -> Schedule:
    return made(planner)


@pytest.fixture
def pages_task() -> Iterator[str]:
    """A task with two pages of inputs and a secret."""
    LazyWorkflowInstance("tests.schedules.workflows", "task_with_pages")
    Workflow.objects.create(name="task_with_pages", target="SYSTEM", description="With pages")
    yield "task_with_pages"
    registry._registry.workflows.pop("task_with_pages")
