"""`manage.py runscheduler` and `manage.py scheduler`, as people type them."""

from __future__ import annotations

from pathlib import Path

from accounts.audit import account
from schedules.models import Occurrence, Outcome, Schedule, SchedulerInstance
from tasks.models import Origin, Process, ProcessStatus
from tests.schedules.ledger import every_second
from tests.system import System


def test_force_runs_a_job_of_the_schedule_files_with_nothing_else_running(system: System) -> None:
    forced = system.run("scheduler", "force", "run_nightly_sync")
    assert forced.returncode == 0, forced.output
    assert "NSO calls finished" in forced.output
    process = Process.objects.get()
    assert (process.status, process.origin) == (ProcessStatus.COMPLETED, Origin.COMMAND)
    occurrence = Occurrence.objects.get(id=process.occurrence_id)
    assert (occurrence.manual, occurrence.outcome) == (True, Outcome.STARTED)
    assert (occurrence.origin, occurrence.asked_by) == (Origin.COMMAND, account())
    assert not system.sql("SELECT FROM procrastinate_jobs")


def test_force_runs_any_schedule_by_its_id_and_tells_failure(system: System) -> None:
    inputs = [{"fail": "value"}]
    [schedule_id] = every_second(1, workflow_name="failing", user_inputs=inputs, trigger_kwargs={"days": 9})
    forced = system.run("scheduler", "force", str(schedule_id))
    assert forced.returncode == 1
    assert "failing" in forced.output
    process = Process.objects.get()
    assert (process.status, process.origin) == (ProcessStatus.FAILED, Origin.COMMAND)


def test_force_of_an_unknown_id_names_the_known_ones(system: System) -> None:
    forced = system.run("scheduler", "force", "nothing")
    assert forced.returncode == 1
    assert "nightly-sync" in forced.output


def test_show_schedule_lists_what_is_declared_and_what_is_stored(system: System) -> None:
    [schedule_id] = every_second(1, trigger_kwargs={"days": 9})
    shown = system.run("scheduler", "show-schedule")
    assert shown.returncode == 0
    assert "nightly-sync" in shown.output
    assert str(schedule_id) in shown.output
    assert "allow" in system.run("scheduler", "show-schedule", "-v").output


def test_scheduler_run_is_runscheduler(system: System) -> None:
    scheduler = system.manage("scheduler", "run")
    system.wait_for(lambda: SchedulerInstance.objects.filter(pid=scheduler.pid).exists(), 60)
    assert "runscheduler" in Path(f"/proc/{scheduler.pid}/cmdline").read_text()
    assert Schedule.objects.filter(job_id="nightly-sync", next_due_at__isnull=False).exists()
    assert scheduler.stop() == 0
    assert not SchedulerInstance.objects.exists()


def test_help_is_understandable(system: System) -> None:
    for arguments in (["runscheduler"], ["scheduler"], ["scheduler", "force"]):
        shown = system.run(*arguments, "--help")
        assert shown.returncode == 0
        assert "schedule" in shown.output
