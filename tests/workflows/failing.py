"""Workflows that fail, break what they can, and kill their workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import structlog
from django.db import connections

from orchestrator.db import Product
from orchestrator.services.processes import start_process
from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.utils.errors import ApiException, InconsistentDataError, ProcessFailureError
from orchestrator.workflow import (
    StepList,
    done,
    init,
    retrystep,
    step,
    workflow,
)
from tests.workflows.succeeding import count
from tests.workflows.traces import trace, wait_for

logger = structlog.get_logger(__name__)


def _fail(how: str, secret: str = "") -> None:
    match how:
        case "value":
            raise ValueError("a wrong value")
        case "assertion":
            raise AssertionError("two systems differ")
        case "inconsistent":
            raise InconsistentDataError("the inventory disagrees")
        case "connection":
            raise ConnectionRefusedError("nobody listens")
        case "api":
            raise ApiException(503, "Service Unavailable")
        case "details":
            raise ProcessFailureError("with details", {"node": "ams-01"})
        case "exit":
            raise SystemExit(3)
        case "nul":
            raise ValueError("before \x00 after")
        case "huge":
            raise ValueError("x" * 3_000_000)
        case "deep":
            _fail(how)
        case "secret":
            raise ValueError(f"wrong password {secret}")


@step("Fail as told")
def fail_as_told(fail: str = "", password: str = "", repaired: str | None = None, counter: int = 0) -> State:
    trace(f"fail {fail}")
    if not (repaired and Path(repaired).exists()):
        _fail(fail, password)
    return {"counter": counter + 1}


@workflow("Fails as the input says", target=Target.SYSTEM)
def failing() -> StepList:
    return init >> count >> fail_as_told >> count >> done


@workflow("Is no task and fails as the input says", target=Target.MODIFY)
def failing_modify() -> StepList:
    return init >> fail_as_told >> done


@retrystep("Try as told")
def try_as_told(fail: str = "value", repaired: str | None = None) -> State:
    trace("tried")
    if not (repaired and Path(repaired).exists()):
        _fail(fail)
    return {"tried": True}


@workflow("Has a retrystep", target=Target.SYSTEM)
def retrying() -> StepList:
    return init >> try_as_told >> done


@step("Return as told")
def return_as_told(give: str, state: State) -> State:
    circle: State = {}
    circle["itself"] = circle
    return {
        "object": {"value": object()},
        "nul": {"value": "\x00"},
        "surrogate": {"value": "\ud800"},
        "nan": {"value": float("nan")},
        "large": {"value": "x" * 10_000_000},
        "circle": circle,
        "list": ["no", "dict"],
        "keys": {("a", "b"): 1},
        "set": {"value": {3, 1, 2}},
    }[give]  # type: ignore[return-value]


@workflow("Returns what the input says", target=Target.SYSTEM)
def returning() -> StepList:
    return init >> return_as_told >> done


@step("Need what is not there")
def needs_more(nowhere: str, neither: int) -> None:
    pass


@workflow("Lacks an argument", target=Target.SYSTEM)
def lacking() -> StepList:
    return init >> needs_more >> done


@step("Start another process")
def starts_another(swallow: bool = False) -> None:
    try:
        start_process("succeeding")
    except Exception:
        if not swallow:
            raise


@workflow("Starts a process from a step", target=Target.SYSTEM)
def starting() -> StepList:
    return init >> starts_another >> done


@step("Write to the database")
def writes(product: str, fail_after: bool = False, gate: str | None = None) -> State:
    made = Product.objects.create(name=product)
    trace(f"wrote {product}")
    wait_for(gate)
    if fail_after:
        raise ValueError("after writing")
    return {"product_id": made.product_id}


@workflow("Writes to the database", target=Target.SYSTEM)
def writing() -> StepList:
    return init >> writes >> done


@step("Close the connection")
def closes_connection(product: str = "") -> State:
    if product:
        Product.objects.create(name=product)
    connections.close_all()
    return {"closed": True}


@workflow("Closes its connection", target=Target.SYSTEM)
def closing() -> StepList:
    return init >> closes_connection >> done


@step("Break the transaction")
def breaks_transaction() -> State:
    try:
        Product.objects.create(name="twice")
        Product.objects.create(name="twice")
    except Exception:
        logger.info("swallowed")
    return {"swallowed": True}


@workflow("Breaks its transaction", target=Target.SYSTEM)
def breaking() -> StepList:
    return init >> breaks_transaction >> done


@step("Kill the worker")
def kills(repaired: str | None = None) -> None:
    trace("kill")
    if not (repaired and Path(repaired).exists()):
        os.kill(os.getpid(), signal.SIGKILL)


@workflow("Kills its worker", target=Target.SYSTEM)
def killing() -> StepList:
    return init >> kills >> done


@retrystep("Kill the worker, to be retried")
def kills_retried(repaired: str | None = None) -> None:
    trace("kill")
    if not (repaired and Path(repaired).exists()):
        os.kill(os.getpid(), signal.SIGKILL)


@workflow("Kills its worker in a retrystep", target=Target.SYSTEM)
def killing_retried() -> StepList:
    return init >> kills_retried >> done
