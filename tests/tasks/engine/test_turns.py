"""Whose turn it is to look for a job that every worker hears of."""

from __future__ import annotations

import pytest

from tasks.keeper import Heartbeat
from tasks.turns import Turns


def test_each_job_is_the_turn_of_exactly_one_worker() -> None:
    workers = [Turns() for _ in range(3)]
    for place, turns in enumerate(workers):
        turns.take_place(place, 3)
    assert [[turns.is_mine(job_id) for turns in workers].count(True) for job_id in range(100, 112)] == [1] * 12
    assert [turns.is_mine(100) for turns in workers] == [False, True, False]


def test_a_worker_that_knows_of_no_other_looks_for_every_job() -> None:
    assert all(Turns().is_mine(job_id) for job_id in range(10))


def test_the_others_look_soon_enough_for_somebody_who_waits() -> None:
    turns = Turns()
    turns.take_place(0, 2)
    pauses = [turns.pause() for _ in range(1000)]
    assert min(pauses) > 0.001
    assert max(pauses) < 0.08


@pytest.mark.django_db
def test_workers_of_the_same_queues_find_their_places_by_their_heartbeats() -> None:
    workers = [Heartbeat(concurrency=1, queues=queues, version="1") for queues in ("", "", "night")]
    for _ in range(2):
        for worker in workers:
            worker.beat(0)
    first, second, alone = [[job_id for job_id in range(6) if worker.turns.is_mine(job_id)] for worker in workers]
    assert sorted([first, second]) == [[0, 2, 4], [1, 3, 5]]
    assert alone == [0, 1, 2, 3, 4, 5]
    workers[0].leave()
    workers[1].beat(0)
    assert all(workers[1].turns.is_mine(job_id) for job_id in range(6))
