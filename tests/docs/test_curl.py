"""docs/api.md and docs/howto/callbacks.md: what curl is told to do works on a real system."""

from __future__ import annotations

from pathlib import Path

from accounts.models import User
from tasks.models import Process, Workflow
from tests.docs.pages import DOCS, Shell, blocks, write
from tests.system import System


def type_all(page: str, shell: Shell) -> None:
    for block in blocks(DOCS / page):
        for command in block.commands():
            shell.type(command)


def test_the_pages_about_the_api_and_callbacks(shell: Shell, home: Path, system: System) -> None:
    for block in blocks(DOCS / "howto/callbacks.md"):
        if block.language == "python":
            write(block, home)
    (home / "netops" / "__init__.py").touch()
    (home / "netops" / "workflows" / "__init__.py").write_text(
        'from orchestrator.workflows import LazyWorkflowInstance\n'
        'LazyWorkflowInstance(".provision", "task_provision_line")\n'
    )  # fmt: skip
    system.env |= {"PYTHONPATH": str(home), "ORCHESTRATOR_APPS": "netops"}
    Workflow.objects.create(name="task_provision_line", target="SYSTEM")
    User.objects.create_superuser("olga")
    system.web()
    shell.type_quietly(". .venv/bin/activate")
    type_all("api.md", shell)

    assert system.run("starttask", "task_provision_line", "--wait").returncode != 0  # it waits: that is no completion
    process = Process.objects.get(workflow__name="task_provision_line")
    assert process.status == "awaiting_callback", process.failed_reason
    shell.type_quietly(f"ROUTE=/api/processes/{process.pk}/callback/{process.callback_token}/")
    type_all("howto/callbacks.md", shell)
    system.worker()

    def ended() -> bool:
        process.refresh_from_db()
        return process.status == "completed"

    system.wait_for(ended, 60)
    state = process.steps.filter(parent=None).last().state  # type: ignore[union-attr]
    assert state["circuit"] == "C-1701"
