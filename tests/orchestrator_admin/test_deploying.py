"""What docs/deploying.md tells operators to do works: roles of the database, a restored backup, alerts and units."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from orchestrator_admin.embedded.account import Account
from orchestrator_admin.embedded.wheel import programs
from orchestrator_admin.measurements import QUESTIONS
from tests.databases import PREFIX, connect, drop_database, server
from tests.system import ROOT, System

SYSTEMD = shutil.which("systemd-analyze")


def postgres_program(name: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run psql, pg_dump or pg_restore of the embedded server as its own user."""
    account = Account.for_cluster(server().pid_file.parent)
    folder = programs(account, Path("/var/lib/orchestrator-admin"))
    return subprocess.run(
        [folder / name, "--host", str(server().socket_dir), *arguments], text=True, capture_output=True, check=True,
        env={"PATH": os.environ["PATH"], "PGUSER": "orchestrator", **env},
    )  # fmt: skip


@pytest.fixture
def empty_database() -> Iterator[str]:
    name = f"{PREFIX}_empty"
    with connect("postgres") as postgres:
        postgres.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield name
    drop_database(name)


def test_everything_runs_with_a_role_that_cannot_change_the_schema(
    system: System, empty_database: str, tmp_path: Path
) -> None:
    roles = (ROOT / "deploy" / "roles.sql").read_text()
    # In the cluster of the tests the role's name is taken, by the superuser.
    script = tmp_path / "roles.sql"
    script.write_text(roles.replace("orchestrator_owner", "test_owner").replace(" orchestrator", " test_runner"))
    passwords = ["-v", "owner_password=a", "-v", "password=b"]
    postgres_program("psql", "--set=ON_ERROR_STOP=1", *passwords, "-d", empty_database,
                     "-f", str(script))  # fmt: skip
    address = f"postgresql://{{}}@/{empty_database}?host={server().socket_dir}"
    try:
        as_owner = system.start(
            "prepare",
            [sys.executable, "-m", "orchestrator_admin.prepare", "--database-only"],
            DATABASE_URL=address.format("test_owner"),
        )
        assert as_owner.wait(120) == 0, as_owner.output
        system.env["DATABASE_URL"] = address.format("test_runner")
        system.worker()
        system.scheduler()
        system.web()
        started = system.run("starttask", "task_sync_from")
        assert started.returncode == 0, started.output

        with psycopg.connect(address.format("test_runner"), autocommit=True) as connection:
            done = "SELECT count(*) FROM tasks_process WHERE status = 'completed'"
            system.wait_for(lambda: connection.execute(done).fetchone() == (1,))
            system.wait_for(lambda: system.get("/health/?require=worker,scheduler,queue") == 200)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DROP TABLE tasks_process")
    finally:
        for process in system.processes:
            process.kill()
        drop_database(empty_database)
        with connect("postgres") as postgres:
            postgres.execute("DROP ROLE IF EXISTS test_runner")
            postgres.execute("DROP ROLE IF EXISTS test_owner")


def test_a_restored_backup_goes_on_where_it_was(system: System, empty_database: str, tmp_path: Path) -> None:
    from tasks.services import resume_process, start_process

    process_id = start_process("asking")
    worker = system.worker()
    status = "SELECT status FROM tasks_process WHERE process_id = %s"
    system.wait_for(lambda: system.sql(status, process_id) == [("suspended",)])
    worker.stop()

    dump = str(tmp_path / "orchestrator.dump")
    postgres_program("pg_dump", "--format=custom", "--file", dump, system.database)
    resume_process(process_id, [{"answer": 1}])  # after the backup: the restored copy must not know of it
    postgres_program("pg_restore", "--no-owner", "--exit-on-error", "--dbname", empty_database, dump)

    copy = System(empty_database, tmp_path / "copy")
    copy.folder.mkdir()
    try:
        assert copy.sql(status, process_id) == [("suspended",)]
        copy.worker()
        from django.db import connections

        connections.close_all()
        connections["default"].settings_dict["NAME"] = empty_database
        resume_process(process_id, [{"answer": 1}])
        copy.wait_for(lambda: copy.sql(status, process_id) == [("completed",)])
    finally:
        connections.close_all()
        connections["default"].settings_dict["NAME"] = system.database
        copy.close()


@pytest.mark.parametrize("name", ["alerts.yaml", "grafana-dashboard.json"])
def test_alerts_and_dashboard_ask_for_metrics_that_exist(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text()
    parsed = yaml.safe_load(text)
    assert parsed

    exist = {question.name for question in QUESTIONS} | {"orchestrator_database_up", "orchestrator_metric_errors"}
    asked = set(re.findall(r"\borchestrator_\w+", text))
    assert asked <= exist
    assert len(asked) > 8


def test_compose_and_units_start_what_the_product_has() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert {name: service.get("command") for name, service in services.items() if "command" in service} == {
        "web": "bin/server", "worker": "python manage.py runworker", "scheduler": "python manage.py runscheduler",
    }  # fmt: skip
    for service in services.values():
        assert service["restart"] == "always"
        assert service["healthcheck"]["test"]
        assert service["stop_grace_period"]
    for unit in (ROOT / "deploy" / "systemd").glob("*.service"):
        lines = unit.read_text().splitlines()
        assert "Restart=always" in lines
        (start,) = [line.partition("/srv/orchestrator/")[2] for line in lines if line.startswith("ExecStart=")]
        assert start.split()[0] == ".venv/bin/python" or (ROOT / start.split()[0]).exists()


if SYSTEMD:  # where it is not, nobody can ask it

    def test_systemd_understands_the_units(tmp_path: Path) -> None:
        for unit in (ROOT / "deploy" / "systemd").glob("*.service"):
            text = unit.read_text().replace("/srv/orchestrator/.venv/bin/python", sys.executable)
            (tmp_path / unit.name).write_text(text.replace("/srv/orchestrator", str(ROOT)))
        units = sorted(map(str, tmp_path.glob("*.service")))
        verified = subprocess.run([SYSTEMD, "verify", "--man=no", *units], capture_output=True, text=True)
        assert (verified.returncode, verified.stderr) == (0, "")
