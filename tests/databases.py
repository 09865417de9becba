"""Databases of a test run: one migrated template, cloned in a fraction of a second as often as wanted."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

from orchestrator_admin.embedded.server import Server

TEMPLATE = "test_template"
_numbers = itertools.count(1)


def server() -> Server:
    """Return the embedded server that the tests run on."""
    return Server.of(Path(settings.ORCHESTRATOR_DATA_DIR))


def connect(name: str) -> psycopg.Connection:
    """Return a plain connection in autocommit mode, outside Django, to the database `name`."""
    return psycopg.connect(host=str(server().ensure_running()), user="orchestrator", dbname=name, autocommit=True)


def clone_database() -> str:
    """Return the name of a new database as the migrations leave it, plus the rows of the tests' own workflows."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _copy(TEMPLATE, name)
    return name


def drop_database(name: str) -> None:
    """Drop `name` whoever is connected to it."""
    with connect("postgres") as postgres:
        postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def make_template() -> None:
    """Keep the test database, just migrated, as the template; throw away what an earlier run left behind."""
    _register_workflows_of_tests()
    migrated = connection.settings_dict["NAME"]
    connections.close_all()
    with connect("postgres") as postgres:
        old = postgres.execute(r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+_\d+$'").fetchall()
    for name in (TEMPLATE, *(row[0] for row in old)):
        drop_database(name)
    _copy(migrated, TEMPLATE)


def reset_test_database() -> None:
    """Make the test database again from the template."""
    name = connection.settings_dict["NAME"]
    connections.close_all()
    drop_database(name)
    _copy(TEMPLATE, name)


def _copy(source: str, target: str) -> None:
    with connect("postgres") as postgres:
        postgres.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(target), sql.Identifier(source)
            )
        )


def _register_workflows_of_tests() -> None:
    """Add the rows that a migration would add for the workflows of tests/workflows.py."""
    from django.apps import apps

    from tasks.models import Workflow

    try:
        from tasks.registry import autodiscover, get_workflow, registered
    except ImportError:
        return
    autodiscover()
    if not apps.is_installed("tests"):
        return
    for name, lazy in registered().items():
        if lazy.registered_in.startswith("tests."):
            workflow = get_workflow(name)
            Workflow.objects.get_or_create(
                name=name,
                defaults={
                    "target": workflow.target,
                    "description": workflow.description or name,
                },
            )
