"""Whose turn it is where a workflow limits how many run: nobody who waits is passed for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from tasks import limits, services, transitions
from tasks.models import Process, ProcessStatus
from tests.bench import Bench
from tests.system import System, wait_until
from tests.tasks.engine.jobs import jobs, without_jobs  # noqa: F401  a fixture


def start(name: str, count: int = 1, **inputs: Any) -> list[UUID]:
    return [services.start_process(name, [inputs]) for _ in range(count)]


def claim(process_id: UUID) -> UUID | None:
    """Take a process as a worker would that has found its job; the token, if it could."""
    token = uuid4()
    with transaction.atomic():
        return token if limits.claim(process_id, token, "here") else None


def end(process_id: UUID, token: UUID | None) -> None:
    assert token is not None
    assert transitions.abort_running(process_id, token, by="somebody", reason="")


def waiting(system: System) -> list[str]:
    return [lock for _id, status, lock in jobs(system) if status == "todo"]


def test_a_newer_one_does_not_pass_those_that_wait(system: System) -> None:
    first, second, third, newest = start("limited", 4)
    system.sql("DELETE FROM procrastinate_jobs")
    tokens = {each: claim(each) for each in (first, second)}
    assert claim(third) is None
    end(first, tokens[first])
    assert claim(newest) is None  # whoever found its job before the other one's
    assert waiting(system) == [str(third)]
    assert claim(third)
    end(second, tokens[second])
    assert limits.wake_next("limited") == 1
    assert waiting(system) == [str(third), str(newest)]
    assert claim(newest)


def test_the_higher_priority_goes_first(system: System) -> None:
    usual, urgent, _other = start("limited", 3)
    system.sql("UPDATE tasks_process SET priority = 5 WHERE process_id = %s", urgent)
    system.sql("UPDATE tasks_process SET priority = 9 WHERE process_id = %s", _other)
    assert claim(usual) is None
    assert claim(urgent)
    assert claim(usual) is None
    assert claim(_other)


def test_one_that_waits_for_a_resource_lets_others_have_the_room(system: System) -> None:
    [holder] = start("locking", device="ams-01")
    assert transitions.claim(holder, uuid4(), "here")
    blocked, blocked_too = start("limited_and_locking", 2, device="ams-01")
    others = start("limited_and_locking", 2, device="utr-01") + start("limited_and_locking", device="dam-01")
    assert claim(blocked) is None
    assert claim(blocked_too) is None
    assert claim(others[1]) is None  # the first with the same resource comes before it
    assert claim(others[2])
    assert claim(others[0])
    assert str(blocked) in waiting(system)  # for its resource: it is looked at as soon as that is free


def test_one_whose_resource_was_promised_to_another_workflow_lets_others_have_the_room(system: System) -> None:
    for device in ("ams-01", "utr-01"):
        start("locking", device=device)
        start("limited_and_locking", device=device)
    [free] = start("limited_and_locking", device="dam-01")
    assert claim(free)


def test_one_that_was_handed_out_is_not_kept_by_those_behind_it_that_want_the_same(system: System) -> None:
    first, _second = start("limited_and_locking", 2, device="ams-01")
    system.sql("UPDATE procrastinate_jobs SET status = 'doing' WHERE queueing_lock = %s", str(first))
    assert claim(first)


def test_a_step_that_aborts_one_keeps_nobody_waiting_until_it_commits(system: System) -> None:
    victim, other = start("limited", 2)
    system.sql("DELETE FROM procrastinate_jobs")
    with transaction.atomic():
        services.abort_process(victim)
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        assert system.sql(held) == [(0,)]
    assert waiting(system) == [str(other)]


def test_one_of_a_queue_that_nobody_serves_keeps_nobody_waiting(system: System) -> None:
    elsewhere = start("limited", 2)
    system.sql("UPDATE tasks_process SET queue = 'closed'")
    [here] = start("limited")
    assert claim(here)
    assert claim(elsewhere[0])


def test_when_one_whose_turn_it_was_is_aborted_the_next_one_has_it(system: System) -> None:
    first, second, third, fourth = start("limited", 4)
    assert claim(first)
    system.sql("DELETE FROM procrastinate_jobs")
    assert claim(third) is None
    assert waiting(system) == [str(second)]
    services.abort_process(second)
    assert waiting(system) == [str(third)]
    assert claim(fourth) is None
    assert claim(third)


@pytest.fixture
def bench(system: System, tmp_path: Path) -> Iterator[Bench]:
    system.worker("--concurrency", "4")
    yield Bench(system, tmp_path)
    for process in system.processes:
        process.stop()


def test_while_new_ones_are_started_all_the_time_they_run_in_their_order_and_the_others_wait_for_nobody(
    bench: Bench,
) -> None:
    gate = bench.file("gate")
    [holder, *_others] = [bench.start("locking", device="ams-01", gate=str(gate)) for _ in range(10)]
    wait_until(lambda: Process.objects.get(pk=holder).status == ProcessStatus.RUNNING)
    for _ in range(15):
        start("single", 2)
        start("counting")
    for each in Process.objects.exclude(workflow__name="locking"):
        assert bench.settled(each.pk).status == ProcessStatus.COMPLETED
    assert Process.objects.filter(workflow__name="locking", status=ProcessStatus.CREATED).count() == 9
    gate.touch()
    began = list(Process.objects.filter(workflow__name="single").order_by("started_at").values_list("first_run_at"))
    assert began == sorted(began)
