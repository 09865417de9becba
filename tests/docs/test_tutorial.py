"""docs/tutorial.md, done from top to bottom: what it writes works, and shows up where it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Shell, blocks, write
from tests.system import System


@pytest.mark.timeout(600)  # a dozen programs, one after the other
def test_the_tutorial_from_top_to_bottom(shell: Shell, home: Path, system: System) -> None:
    starts = 0
    for block in blocks(DOCS / "tutorial.md"):
        if block.language == "python":
            write(block, home)
            continue
        for command in block.commands():
            if command.text == "bin/quickstart":
                starts += 1
            else:
                shell.type(command)
    assert starts == 2

    ran = "SELECT count(*) FROM tasks_process JOIN tasks_workflow USING (workflow_id) " \
          "WHERE name = 'task_disk_space' AND status = 'completed'"  # fmt: skip
    assert system.sql(ran) == [(2,)]  # by hand, and by its schedule
    assert (home / "tasks" / "netops" / "migrations" / "0002_create_task_disk_space.py").exists()
