"""The last runs of a task step by step, and a process's steps beside those of the run before."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tasks.models import ProcessStep
from tests.pages import TASK, made, queries, text_of, with_steps

pytestmark = pytest.mark.django_db


def grid_of(page: Any) -> list[list[str]]:
    """Return the words of the grid, row by row."""
    table = page.content.decode().split('<table class="grid">')[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def test_a_tasks_page_shows_its_last_runs_step_by_step_the_oldest_first(browser: Client) -> None:
    with_steps(made(minutes_ago=30), "Start", "NSO calls", "Done")
    failed = with_steps(made("failed", minutes_ago=20, failed_reason="gone"), "Start")
    broken = ProcessStep.objects.create(
        process=failed, position=1, name="NSO calls", status="failed", started_at=failed.started_at,
        completed_at=failed.started_at + timedelta(seconds=2),
    )  # fmt: skip
    with_steps(made("running", minutes_ago=1), "Start")
    page = browser.get(f"/tasks/{TASK}/")
    head, *rows = grid_of(page)
    assert [re.sub(r".*(Completed|Failed|Running).*", r"\1", cell) for cell in head[1:]] == [
        "Completed", "Failed", "Running",
    ]  # fmt: skip
    assert rows == [
        ["Start", "Success", "Success", "Success"],
        ["NSO calls", "Success", "Failed", "Running"],
        ["Done", "Success", "", ""],
    ]
    assert (
        f'href="/processes/{failed.pk}/?step={broken.pk}#step" title="NSO calls: Failed, 2 s"' in page.content.decode()
    )


def test_of_a_step_that_was_tried_again_the_grid_shows_the_last_result(browser: Client) -> None:
    process = with_steps(made(minutes_ago=5), "Start", "NSO calls", "Done")
    ProcessStep.objects.filter(process=process, name="NSO calls").delete()
    at = process.started_at
    for status in ("failed", "success"):
        ProcessStep.objects.create(
            process=process, position=1, name="NSO calls", status=status, started_at=at, completed_at=at
        )
    assert grid_of(browser.get(f"/tasks/{TASK}/"))[2] == ["NSO calls", "Success"]


def test_steps_of_older_code_and_steps_that_come_twice_have_rows_of_their_own(browser: Client) -> None:
    with_steps(made(minutes_ago=5), "Start", "Ping", "Ping")
    rows = grid_of(browser.get(f"/tasks/{TASK}/"))[1:]
    assert [row[0] for row in rows] == ["Start", "NSO calls", "Done", "Ping", "Ping"]
    assert [row[1] for row in rows] == ["Success", "", "", "Success", "Success"]


def test_the_grid_is_bounded_and_costs_one_query_for_any_number_of_runs(browser: Client) -> None:
    with_steps(made(minutes_ago=90), "Start")
    few = queries(browser, f"/tasks/{TASK}/")
    with_steps(made(minutes_ago=80), *(f"Step {number}" for number in range(90)))
    for minutes in range(30):
        with_steps(made(minutes_ago=minutes + 1), "Start", "Done")
    page = browser.get(f"/tasks/{TASK}/")
    assert len(grid_of(page)[0]) == 21
    assert queries(browser, f"/tasks/{TASK}/") == few


def test_a_task_that_never_ran_has_no_grid(browser: Client) -> None:
    assert '<table class="grid">' not in browser.get(f"/tasks/{TASK}/").content.decode()


def test_a_process_shows_how_long_its_steps_took_in_the_completed_run_before(browser: Client) -> None:
    first = with_steps(made(minutes_ago=30), "Start", "NSO calls", "Done")
    ProcessStep.objects.filter(process=first, name="NSO calls").update(
        completed_at=first.started_at + timedelta(seconds=7)
    )
    with_steps(made("failed", minutes_ago=20), "Start")  # not comparable
    process = with_steps(made(minutes_ago=10), "Start", "NSO calls", "Done")
    page = browser.get(f"/processes/{process.pk}/")
    assert "1 s before: 7 s" in text_of(page)
    assert f'id="previous-run" href="/processes/{first.pk}/"' in page.content.decode()
    assert "before:" not in text_of(browser.get(f"/processes/{first.pk}/"))
