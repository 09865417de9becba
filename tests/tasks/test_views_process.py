"""The page of one process: what it shows, and what can be done there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tasks.models import (
    Origin,
    Process,
    ProcessStep,
    StepLog,
)
from tests.pages import HTMX, TRACEBACK, made, text_of, with_steps

pytestmark = pytest.mark.django_db


def test_steps_stand_in_the_order_in_which_they_ran(browser: Client) -> None:
    names = [f"Configure device {number}" for number in range(500)]
    shown = text_of(browser.get(f"/processes/{with_steps(made('failed'), *names).pk}/"))
    order = [int(number) for number in re.findall(r"Configure device (\d+)", shown)]
    assert order[:500] == list(range(500))
    assert order[500] == 499  # the state shown is the last step's


def test_a_process_shows_facts_steps_state_log_and_error(browser: Client) -> None:
    process = with_steps(made("failed", failed_reason="router <b>gone</b>", traceback=TRACEBACK), "Start", "NSO calls")
    step = ProcessStep.objects.filter(process=process).last()
    assert step is not None
    ProcessStep.objects.filter(pk=step.pk).update(state={"seen": 2, "drifted": ["ams-core-03"]})
    StepLog.objects.create(
        process=process, position=1, at=timezone.now(), level="info", message="<script>alert()</script>"
    )
    page = browser.get(f"/processes/{process.pk}/?step={step.pk}")
    shown = text_of(page)
    assert 'drifted: ["ams-core-03"]' in shown
    assert "- seen: 0 + seen: 2" in shown
    assert "router <b>gone</b>" in shown  # as text
    assert "<script>alert()" not in page.content.decode()
    assert "2 frames of the engine and libraries" in shown
    assert "/srv/netops/nightly.py" in shown


def test_the_log_of_a_foreach_is_shown_as_a_whole_and_by_item(browser: Client) -> None:
    process = with_steps(made("running"), "Items")
    step = process.steps.get()
    now = timezone.now()
    for index in range(2):
        ProcessStep.objects.create(
            process=process, parent=step, position=index, name=f"{index}: node", status="success", state={},
            started_at=now, completed_at=now,
        )  # fmt: skip
        StepLog.objects.create(process=process, position=step.position, item=index, at=now, level="info",
                               message=f"line of {index}")  # fmt: skip
    address = f"/processes/{process.pk}/?step={step.pk}"
    page = browser.get(address)
    assert f"?step={step.pk}&amp;item=1#log-title" in page.content.decode()
    assert "[0] line of 0" in text_of(page)
    assert "[1] line of 1" in text_of(page)
    of_one = text_of(browser.get(f"{address}&item=1"))
    assert "line of 1" in of_one
    assert "line of 0" not in of_one
    assert "line of 0" in text_of(browser.get(f"{address}&item=nothing"))


def test_a_process_page_is_live_until_its_process_has_ended(browser: Client) -> None:
    running, completed = made("running"), made("completed")
    assert f'data-live="process:{running.pk}"' in browser.get(f"/processes/{running.pk}/").content.decode()
    ended = browser.get(f"/processes/{completed.pk}/", headers=HTMX)
    assert "data-live" not in ended.content.decode()
    assert "<html" not in ended.content.decode()
    assert "HX-Request" in ended["Vary"]


def test_steps_that_run_and_that_are_to_come_are_shown_in_their_places(browser: Client) -> None:
    process = with_steps(made("running"), "Start")
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", browser.get(f"/processes/{process.pk}/").content.decode(), re.S)
    words = [text for row in rows if (text := re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip())]
    assert [" ".join(text.split()[:4]) for text in words[1:4]] == [
        "Start Success 1 s", "NSO calls Running 10", "Done To come",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "action", "becomes"), [("failed", "retry", "resumed"), ("suspended", "abort", "aborted")]
)
def test_a_process_is_retried_and_aborted_from_its_page(
    browser: Client, status: str, action: str, becomes: str
) -> None:
    process = made(status)
    response = browser.post(f"/processes/{process.pk}/{action}/")
    assert response["Location"] == f"/processes/{process.pk}/"
    process.refresh_from_db()
    assert process.status == becomes


def test_start_again_makes_a_new_process_with_the_same_inputs(browser: Client) -> None:
    process = made()
    response = browser.post(f"/processes/{process.pk}/start_again/")
    new = Process.objects.exclude(pk=process.pk).get()
    assert response["Location"] == f"/processes/{new.pk}/"
    assert new.origin == Origin.PAGE


def test_the_duration_of_a_process_that_rests_does_not_grow(browser: Client) -> None:
    process = made("suspended", minutes_ago=60)
    Process.objects.update(last_modified_at=process.started_at + timedelta(seconds=5))
    assert "Duration 5 s" in text_of(browser.get(f"/processes/{process.pk}/"))


def test_what_cannot_be_done_with_a_process_says_why_and_is_refused(browser: Client) -> None:
    process = made("completed")
    page = text_of(browser.get(f"/processes/{process.pk}/"))
    assert "Only a failed or waiting process can be retried" in page
    refused = browser.post(f"/processes/{process.pk}/retry/", follow=True)
    assert "Only a failed or waiting process can be retried" in text_of(refused)
    assert browser.post(f"/processes/{process.pk}/explode/").status_code == 404


def test_a_note_is_kept(browser: Client) -> None:
    process = made()
    browser.post(f"/processes/{process.pk}/note/", {"note": " Ask Petra about this. "})
    assert "Ask Petra about this." in text_of(browser.get(f"/processes/{process.pk}/"))


def test_a_failure_is_told_plainly_and_not_as_a_change_of_the_state(browser: Client) -> None:
    process = with_steps(made("failed"), "NSO calls", status="failed", state={"error": "router gone"})
    response = browser.get(f"/processes/{process.pk}/")
    assert "how this step failed" in text_of(response)
    assert '<span class="same">  error: &quot;router gone&quot;</span>' in response.content.decode()
    assert 'class="added"' not in response.content.decode()


def test_of_a_step_whose_worker_is_gone_the_page_says_what_that_means(browser: Client) -> None:
    advice = "What the step did to other systems may have happened. Retry runs the step again."
    lost = made("failed", failed_reason="Worker lost while running “Pay” (w:1).", crashes=1, current_step="Pay")
    assert advice in text_of(browser.get(f"/processes/{lost.pk}/"))
    # Tried again, it failed of itself.
    failed = made("failed", failed_reason="gone", traceback=TRACEBACK, crashes=1, current_step="Pay")
    assert advice not in text_of(browser.get(f"/processes/{failed.pk}/"))
