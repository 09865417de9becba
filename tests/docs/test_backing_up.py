"""docs/howto/backing-up.md: what was dumped is there again after its commands, and goes on."""

from __future__ import annotations

from pathlib import Path

from orchestrator_admin.embedded import wheel
from orchestrator_admin.embedded.account import Account
from tests.databases import PREFIX, connect, drop_database, server
from tests.docs.pages import DOCS, Shell, blocks
from tests.system import System

PROCESSES = "SELECT process_id, status FROM tasks_process ORDER BY 1"


def test_what_was_dumped_is_restored_and_goes_on(shell: Shell, home: Path, system: System) -> None:
    clone = home / "orchestrator-admin"
    programs = wheel.programs(Account.for_cluster(server().pid_file.parent), Path("/var/lib/orchestrator-admin"))
    (clone / ".data").mkdir()
    (clone / ".data" / "postgres").symlink_to(server().pid_file.parent)
    shell.type_quietly(f'. .venv/bin/activate; PATH="{programs}:$PATH"')
    assert system.run("starttask", "task_sync_from").returncode == 0
    queued = system.sql(PROCESSES)
    assert [status for _, status in queued] == ["created"]
    dumping, embedded, restoring, asking = (block for block in blocks(DOCS / "howto" / "backing-up.md"))
    empty = f"{PREFIX}_restored"
    with connect("postgres") as postgres:
        postgres.execute(f"CREATE DATABASE {empty}")  # type: ignore[arg-type]
    restored = System(empty, home)
    try:
        for command in [*dumping.commands(), *embedded.commands()]:
            shell.type(command)
        shell.type_quietly(f'export DATABASE_URL="{restored.env["DATABASE_URL"]}"')
        for command in restoring.commands():
            shell.type(command)
        assert restored.sql(PROCESSES) == queued
        for command in asking.commands():
            shell.type(command)
        restored.worker()
        restored.wait_for(lambda: restored.sql(f"SELECT 1 FROM ({PROCESSES}) p WHERE status <> 'completed'") == [])
        assert system.sql(PROCESSES) == queued, "the database that was dumped is left alone"
    finally:
        restored.end()
        drop_database(empty)
