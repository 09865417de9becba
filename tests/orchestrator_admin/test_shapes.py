"""Every status has a shape and a colour of its own, whatever it is the status of."""

from __future__ import annotations

import pytest

from orchestrator_admin import shapes
from schedules.filters import State
from schedules.models import Outcome
from tasks.statuses import ProcessStatus, StepStatus

STATUSES = [*ProcessStatus.values, *StepStatus.values, *Outcome.values, *State.values]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_drawn(status: str) -> None:
    shape = shapes.of(status)
    assert shape is not shapes.UNKNOWN
    assert f'id="shape-{shape.name}"' in shapes.sprite()


def test_statuses_of_processes_that_differ_in_colour_alone_do_not_exist() -> None:
    drawn = {(shapes.of(status).name, shapes.of(status).tone) for status in ProcessStatus.values}
    assert len({name for name, _tone in drawn}) >= len(drawn) - 1  # created and resumed are both queued


def test_a_word_that_nobody_told_us_gets_a_dot() -> None:
    assert shapes.of("invented") is shapes.UNKNOWN
