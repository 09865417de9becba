"""Workflows that succeed, fail, suspend, crash and dawdle on purpose: what the tests run.

Hardly one asks for inputs: what a test gives to `start_process` is in the state. Steps append a line to the file that
TRACE in the environment names, whatever becomes of them in the database: so a test sees what really ran.
"""

from orchestrator.workflows import LazyWorkflowInstance
from tests.constants import set_constants

set_constants()

WORKFLOWS = {
    "succeeding": "succeeding counting double_ends endless aborting dawdling striding typing",
    "failing": "failing failing_modify retrying returning lacking starting writing closing breaking killing "
    "killing_retried",
    "telling": "logging_much secretive",
    "waiting": "asking dawdling_then_asking dawdling_last failing_slowly asking_then_dawdling asking_superusers "
    "called_back called_back_late",
    "combined": "grouped grouped_asking conditional_steps lenses going_over going_over_simply asking_over nested "
    "anything",
    "subjects": "validating_one creating_one guarded",
    "limits": "choosy limited limited_and_locking locking queued_elsewhere single",
}
for _module, _names in WORKFLOWS.items():
    for _name in _names.split():
        LazyWorkflowInstance(f".{_module}", _name)
