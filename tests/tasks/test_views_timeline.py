"""The picture of a process's steps: bars at their true time, waits between them, and what all of it adds up to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tasks.models import Process, ProcessStep
from tasks.views.timeline import WIDTH, step_rows
from tests.pages import TASK, made, text_of

pytestmark = pytest.mark.django_db


def taking(process: Process, *spans: tuple[float, float]) -> list[ProcessStep]:
    """Write a step for each start and length, in seconds after the process began."""
    return [
        ProcessStep.objects.create(
            process=process, position=position, name=f"Step {position}", status="success", state={"same": 1},
            started_at=process.started_at + timedelta(seconds=start),
            completed_at=process.started_at + timedelta(seconds=start + length),
        )
        for position, (start, length) in enumerate(spans)
    ]  # fmt: skip


def test_bars_lie_at_their_true_time_and_waits_between_them() -> None:
    process = made()
    first, second = step_rows(process, taking(process, (0, 1), (9, 1)))
    assert (first.left, first.width, first.waited) == (0, WIDTH / 10, None)
    assert (second.left, second.width) == (WIDTH * 0.9, WIDTH / 10)
    assert (second.waited, second.wait_left, second.wait_width) == (timedelta(seconds=8), WIDTH / 10, WIDTH * 0.8)


def test_steps_of_no_time_have_no_wide_bars() -> None:
    process = made()
    rows = step_rows(process, taking(process, (0, 0), (0.0002, 0.0002), (0.0005, 0)))
    assert all(0 < row.width < WIDTH / 100 for row in rows)


def test_idle_time_is_told_apart_from_working_time(browser: Client) -> None:
    process = made()
    taking(process, (0, 2), (200, 3))
    Process.objects.filter(pk=process.pk).update(completed_at=process.started_at + timedelta(seconds=203))
    shown = text_of(browser.get(f"/processes/{process.pk}/"))
    assert "5 s over 3 min 23 s" in shown
    assert "waited 3 min 18 s" in shown
    assert "usually" not in shown


def test_the_usual_is_of_two_other_runs_at_least(browser: Client) -> None:
    process = made()
    made(minutes_ago=20)
    assert "usually" not in text_of(browser.get(f"/processes/{process.pk}/"))
    made(minutes_ago=30)
    assert "5 s , usually 5 s" in text_of(browser.get(f"/processes/{process.pk}/"))


def test_a_step_that_changed_nothing_says_so(browser: Client) -> None:
    process = made()
    first, last = taking(process, (0, 1), (1, 1))
    address = f"/processes/{process.pk}/"
    assert "what this step changed" in text_of(browser.get(f"{address}?step={first.pk}"))
    assert "changed nothing: this is the final state" in text_of(
        browser.get(f"/processes/{process.pk}/?step={last.pk}")
    )


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_every_page_says_the_same_working_time(browser: Client, status: str) -> None:
    process = made(status)
    taking(process, (0, 2), (120, 3))
    ended = process.started_at + timedelta(seconds=123)
    Process.objects.filter(pk=process.pk).update(completed_at=ended if status == "completed" else None)
    for address in (f"/processes/{process.pk}/", "/processes/", f"/tasks/{TASK}/", "/tasks/"):
        assert re.search(r"\b5 s\b", text_of(browser.get(address))), address
    for address in ("/processes/", f"/tasks/{TASK}/", "/tasks/"):
        assert "2 min" not in text_of(browser.get(address)), address
    assert f", {status.capitalize()}, 5 s" in browser.get(f"/tasks/{TASK}/").content.decode()


def test_a_list_gives_no_duration_of_what_still_works(browser: Client) -> None:
    taking(made("suspended"), (0, 7))
    assert "7 s" not in text_of(browser.get("/processes/"))
