"""Brings an installation up to date before its processes start: database, translations, static files, first account.

Run by bin/quickstart and bin/server; running it again changes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from orchestrator_admin.assets import collect_static_files
from orchestrator_admin.embedded.errors import EmbeddedPostgresError

MIGRATION_LOCK = 0x0_4C4E_5354  # any number that nothing else locks


def main() -> None:
    """Do what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator_admin.prepare", description=__doc__)
    parser.add_argument("--database-only", action="store_true", help="migrate, and leave files alone")
    parser.add_argument(
        "--administrator", type=Path, metavar="FILE",
        help="make the first administrator where there is none; write “made” or “there”, and the name, into FILE",
    )  # fmt: skip
    options = parser.parse_args()
    django.setup()
    try:
        migrate()
        if options.administrator:
            make_first_administrator(options.administrator)
        if not options.database_only:
            prepare_files()
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


def migrate() -> None:
    """Apply migrations that are missing; of several processes that start together one does."""
    with _only_one():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            _say(f"Applying {len(plan)} migration{'' if len(plan) == 1 else 's'}")
            call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)


def prepare_files() -> None:
    """Compile translations that are older than their source, and collect static files that changed."""
    if "compilemessages" in get_commands():
        call_command("compilemessages", verbosity=0)
    if collect_static_files():
        _say("Static files collected")


def make_first_administrator(tell: Path) -> None:
    """Make the administrator that the environment names, unless there is one; write to `tell` which, and the name."""
    users = get_user_model().objects
    first = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if first is not None:
        tell.write_text(f"there {first.get_username()}")
        return
    username = os.environ.get("ORCHESTRATOR_ADMIN_USERNAME") or "admin"
    _say(f"Making the first administrator, {username}")
    users.create_superuser(username=username, password=os.environ["ORCHESTRATOR_ADMIN_PASSWORD"])
    tell.write_text(f"made {username}")


@contextmanager
def _only_one() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _say(text: str) -> None:
    print(f"· {text}", flush=True)


if __name__ == "__main__":
    main()
