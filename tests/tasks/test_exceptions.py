"""Every refusal is a sentence that says what happened, to what."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest

from tasks.exceptions import (
    ApiException,
    EngineLocked,
    IllegalTransition,
    InvalidInputs,
    MissingArgument,
    NotPermitted,
    PredicateRefused,
    ProcessFailureError,
    ProcessNotFound,
    StartedInsideStep,
    StartFailed,
    UnknownWorkflow,
    WorkflowImportError,
    WrongCallback,
)

ID = UUID("01a20cfc-59c6-7a7f-aaf4-334637a7536a")
CAUSE = ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UnknownWorkflow("nope"), "There is no workflow “nope”."),
        (
            UnknownWorkflow("nope", part="migration"),
            "The workflow “nope” is not in the database: a migration has to add it. “manage.py maketaskmigration APP” "
            "writes one, “manage.py migrate” applies it.",
        ),
        (
            WorkflowImportError("broken", "netops.broken", "netops/broken.py", CAUSE),
            "The workflow “broken” cannot be loaded from netops/broken.py: ZeroDivisionError: division by zero",
        ),
        (
            InvalidInputs([{"node": ["Enter a node."]}, {"__all__": ["Too many.", "Too late."]}]),
            "The inputs are not valid. node: Enter a node; Too many; Too late.",
        ),
        (PredicateRefused("sync", "Another one runs."), "Another one runs."),
        (PredicateRefused("sync"), "“sync” may not run now: its predicate refused."),
        (EngineLocked("rack move"), "The engine is locked: rack move"),
        (EngineLocked(), "The engine is locked. Nothing starts until it is unlocked."),
        (NotPermitted("retry", "sync"), "You may not do this with “sync”."),
        (NotPermitted(), "You may not do this."),
        (IllegalTransition("retry", "completed", "It has ended."), "It has ended."),
        (
            IllegalTransition("retry", "completed"),
            "A process that is completed cannot be changed this way (retry).",
        ),
        (StartFailed("sync", CAUSE), "“sync” cannot be started: ZeroDivisionError: division by zero"),
        (ProcessNotFound(ID), f"There is no process {ID}."),
        (WrongCallback(), "No process waits for this callback."),
        (ProcessFailureError("It did not work.", {"node": 1}), "It did not work."),
        (MissingArgument("sync", ["a", "b"]), "The function sync needs “a”, “b”, which the state does not hold."),
    ],
)
def test_a_refusal_says_what_happened_to_what(error: Exception, sentence: str) -> None:
    assert str(error) == sentence


def test_a_start_from_within_a_step_says_where_it_belongs_instead() -> None:
    sentence = str(StartedInsideStep("sync", "Notify"))
    assert sentence.startswith("The step “Notify” tried to start “sync”.")
    assert "schedule function" in sentence


def test_the_error_of_another_systems_api_is_read_from_its_answer() -> None:
    answer = SimpleNamespace(status=503, reason="Busy", data="try later", getheaders=lambda: {"Retry-After": "5"})
    error = ApiException(http_resp=answer)
    assert (error.status, error.reason, error.body, error.headers) == (503, "Busy", "try later", {"Retry-After": "5"})
    assert str(error) == "(503) Busy try later"
    assert str(ApiException(404, "Not Found")) == "(404) Not Found"
