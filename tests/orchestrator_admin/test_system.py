"""The tests' own ground holds: databases are fresh, processes are real and leave nothing behind."""

import signal
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from tests.system import System


def test_a_system_starts_from_a_migrated_database_which_the_test_shares(system: System) -> None:
    get_user_model().objects.create(username="ada")

    assert system.sql("SELECT username FROM accounts_user") == [("ada",)]
    assert system.sql("SELECT count(*) > 20 FROM django_migrations") == [(True,)]
    assert connection.settings_dict["NAME"] == system.database


def test_a_process_is_killed_with_its_children(system: System) -> None:
    shell = system.start("shell", ["/bin/sh", "-c", "sleep 100 & echo $!; wait"])
    child = system.wait_for(lambda: shell.output.strip())

    shell.kill()

    assert shell.wait() == -signal.SIGKILL
    system.wait_for(
        lambda: not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()
    )


def test_the_database_can_be_restarted_and_connections_cut(system: System) -> None:
    system.restart_database("immediate")
    assert get_user_model().objects.count() == 0

    assert system.cut_connections() == 1


@pytest.mark.django_db(transaction=True)
def test_rows_of_migrations_survive_a_test_with_real_commits() -> None:
    """Half of it: the other half is that the next one finds them."""
    get_user_model().objects.create(username="ada")


@pytest.mark.django_db
def test_rows_of_migrations_are_there() -> None:
    from django.contrib.contenttypes.models import ContentType

    assert ContentType.objects.exists()
    assert not get_user_model().objects.exists()
