"""/health/ and /metrics tell monitoring systems what is well, quickly, whatever is wrong."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from orchestrator_admin import health, metrics
from orchestrator_admin.measurements import QUESTIONS
from tasks.models import Process, Workflow
from tests.databases import server
from tests.system import System


def ask(system: System, path: str = "/health/", **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(system.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, json.load(answer)


def beat(system: System, seconds_ago: int) -> None:
    values = "gen_random_uuid(), 'host', 1, now(), now() - %s * interval '1 s'"
    system.sql(
        "INSERT INTO tasks_workerinstance"
        " (id, hostname, pid, started_at, heartbeat_at, concurrency, busy, queues, version)"
        f" VALUES ({values}, 4, 1, '', '')", seconds_ago,
    )  # fmt: skip
    system.sql(
        "INSERT INTO schedules_schedulerinstance"
        " (id, hostname, pid, started_at, heartbeat_at, declared, fired, last_lag_ms, version)"
        f" VALUES ({values}, '{{}}', 0, 0, '')", seconds_ago,
    )  # fmt: skip


def test_what_has_no_heartbeat_is_named_and_the_web_process_still_counts_as_well(system: System) -> None:
    system.web()
    status, body = ask(system)

    assert status == 200
    assert body["status"] == "degraded"
    assert body["database"]["ok"] is True
    assert body["scheduler"] == {"ok": False, "alive": 0, "heartbeat_age_seconds": None}
    assert body["worker"]["ok"] is False
    assert body["queue"] == {"ok": True, "age_seconds": 0.0}
    assert ask(system, "/health/?require=worker")[0] == 503
    assert ask(system, "/health/?require=nonsense")[0] == 503


def test_heartbeats_count_for_fifteen_seconds(system: System) -> None:
    beat(system, 10)
    worker = health.examine()["worker"]
    assert (worker["ok"], worker["alive"], worker["heartbeat_age_seconds"] // 5) == (True, 1, 2)
    assert health.examine()["scheduler"]["ok"] is True
    system.sql("UPDATE tasks_workerinstance SET heartbeat_at = now() - interval '16 s'")
    worker = health.examine()["worker"]
    assert (worker["ok"], worker["alive"], worker["heartbeat_age_seconds"] // 5) == (False, 0, 3)


def test_probes_may_call_by_any_name_and_need_not_log_in(system: System) -> None:
    system.web()
    status, _ = ask(system, Host="10.0.0.7")
    assert status == 200


def test_a_wrong_database_answers_503_within_seconds_and_recovers(system: System) -> None:
    system.web()
    assert ask(system)[0] == 200
    server_of_tests = server()
    postmaster = server_of_tests._postmaster
    assert postmaster is not None
    postmaster.stop("immediate")
    try:
        _, body = system.wait_for(lambda: (found := ask(system))[0] == 503 and found)  # type: ignore[misc]
        assert body["status"] == "down"
        assert body["database"] == {"ok": False}
    finally:
        server_of_tests.ensure_running()
    system.wait_for(lambda: ask(system)[0] == 200)


def test_a_job_that_waits_for_long_is_not_well(system: System) -> None:
    system.sql("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'tasks.queue.run')")
    assert health.examine()["queue"]["ok"] is True
    system.sql("UPDATE procrastinate_events SET at = now() - interval '61 s'")
    assert health.examine()["queue"]["ok"] is False
    assert health.examine()["queue"]["age_seconds"] >= 61


def test_metrics_have_every_name_from_the_first_scrape_on_and_no_label_that_people_could_add_to(system: System) -> None:
    beat(system, 1)
    text = metrics.measure().decode()

    for question in QUESTIONS:
        assert f"# TYPE {question.name} gauge" in text
        for value in question.values:
            assert f'{question.name}{{{question.label}="{value}"}}' in text
    assert "orchestrator_database_up 1.0" in text
    assert "orchestrator_metric_errors 0.0" in text
    assert 'orchestrator_alive{role="worker"} 1.0' in text
    assert 'orchestrator_worker_slots{state="free"} 3.0' in text


@pytest.mark.django_db
def test_what_is_queued_again_waits_from_then_on_and_not_since_it_was_accepted() -> None:
    now = timezone.now()
    given = {"workflow": Workflow.objects.get(name="task_sync_from"), "started_at": now - timedelta(days=9)}
    Process.objects.create(**given, status="resumed", last_modified_at=now - timedelta(seconds=70))
    Process.objects.create(**given, status="completed", last_modified_at=now - timedelta(days=9))
    (question,) = (each for each in QUESTIONS if each.name == "orchestrator_queue_age_seconds")
    with connection.cursor() as cursor:
        cursor.execute(question.sql)
        ((age,),) = cursor.fetchall()
    assert 60 < age < 600


@pytest.mark.django_db
def test_no_metric_reads_all_of_history() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of tables that are nearly empty, it is always preferred
        for question in QUESTIONS:
            cursor.execute(f"EXPLAIN {question.sql}")
            plan = " ".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on tasks_process " not in plan, question.name
            assert "Seq Scan on schedules_occurrence " not in plan, question.name
            assert "using process_by_time" not in plan or "Index Cond" in plan, question.name


@pytest.mark.django_db
def test_metrics_can_be_kept_for_the_bearer_of_a_token(settings: Any, client: Client) -> None:
    settings.ORCHESTRATOR_METRICS_TOKEN = "of the monitoring"

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    right = client.get("/metrics", headers={"Authorization": "Bearer of the monitoring"})
    assert right.status_code == 200
    assert b"orchestrator_database_up" in right.content
