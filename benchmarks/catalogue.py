"""Sixty tasks such as a network's operations have, so that lists of tasks are as long as they are in practice.

Importing registers them; their names for people stand in `locale/`. `fill.py` gives them years of history.
"""

from __future__ import annotations

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import StepList, begin, done, init, step, workflow
from orchestrator.workflows import LazyWorkflowInstance

SITES = ("amsterdam", "frankfurt", "london", "paris", "vienna")
JOBS = (
    "validate_nodes", "sync_from", "sync_to", "collect_configuration", "check_optics", "check_bgp_sessions",
    "rotate_keys", "clean_up_alarms", "compare_inventory", "renew_certificates", "measure_latency", "export_topology",
)  # fmt: skip
NAMES = tuple(f"task_{job}_{site}" for job in JOBS for site in SITES)
DESCRIPTION = "Looks after the devices of one site"
STEP_NAMES = ("Start", "Load the inventory", "Reach the devices", "Compare", "Done")


def _steps() -> StepList:
    steps = init
    for title in STEP_NAMES[1:-1]:

        @step(title)
        def work() -> State:
            return {"devices": 214}

        steps = steps >> (begin >> work)
    return steps >> done


def __getattr__(name: str) -> object:
    """Make the workflow `name`: each of its own, since the registry writes its name on it."""
    if name not in NAMES:
        raise AttributeError(name)
    return workflow(DESCRIPTION, target=Target.SYSTEM)(_steps)


for _name in NAMES:
    LazyWorkflowInstance("benchmarks.catalogue", _name)
