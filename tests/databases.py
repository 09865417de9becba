"""Databases of a test run: one migrated template, cloned in a fraction of a second as often as wanted.

Their names begin with the number of the process that runs the tests, so that two runs do not meet.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

from orchestrator_admin.embedded.server import Server

PREFIX = f"test_{os.getpid()}"
TEMPLATE = f"{PREFIX}_template"
_numbers = itertools.count(1)


def server() -> Server:
    """Return the embedded server that the tests run on."""
    return Server.of(Path(settings.ORCHESTRATOR_DATA_DIR))


def connect(name: str) -> psycopg.Connection:
    """Return a plain connection in autocommit mode, outside Django, to the database `name`."""
    return psycopg.connect(host=str(server().ensure_running()), user="orchestrator", dbname=name, autocommit=True)


def clone_database() -> str:
    """Return the name of a new database as the migrations leave it, plus the rows of the tests' own workflows."""
    name = f"{PREFIX}_{next(_numbers)}"
    _copy(TEMPLATE, name)
    return name


def kept_database(name: str) -> str:
    """Return `name`, a database that no run drops: made as `clone_database` does unless it is there."""
    with connect("postgres") as postgres:
        found = postgres.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    if found is None:
        _copy(TEMPLATE, name)
    return name


def drop_database(name: str) -> None:
    """Drop `name` whoever is connected to it."""
    with connect("postgres") as postgres:
        postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_databases_of_dead_runs() -> None:
    """Throw away what runs left behind that were killed."""
    for name in _names():
        if not Path("/proc", name.split("_")[1]).exists():
            drop_database(name)


def drop_databases_of_this_run() -> None:
    """Drop everything that this run has made."""
    connections.close_all()
    for name in _names():
        if name.split("_")[1] == str(os.getpid()):
            drop_database(name)


def make_template() -> None:
    """Keep the test database, just migrated, as the template."""
    _register_workflows_of_tests()
    migrated = connection.settings_dict["NAME"]
    connections.close_all()
    _copy(migrated, TEMPLATE)


def reset_test_database() -> None:
    """Make the test database again from the template."""
    name = connection.settings_dict["NAME"]
    connections.close_all()
    drop_database(name)
    _copy(TEMPLATE, name)


def _names() -> list[str]:
    with connect("postgres") as postgres:
        return [row[0] for row in postgres.execute(r"SELECT datname FROM pg_database WHERE datname ~ '^test_\d+'")]


def _copy(source: str, target: str) -> None:
    with connect("postgres") as postgres:
        postgres.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(target), sql.Identifier(source)
            )
        )


def _register_workflows_of_tests() -> None:
    """Add the rows that a migration would add for the workflows of tests/workflows."""
    from tasks.models import Workflow
    from tasks.registry import autodiscover, get_workflow, registered

    autodiscover()
    for name, lazy in registered().items():
        if lazy.registered_in.startswith("tests."):
            workflow = get_workflow(name)
            values = {"target": workflow.target, "description": workflow.description or name}
            Workflow.objects.get_or_create(name=name, defaults=values)
