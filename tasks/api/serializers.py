"""What the API shows of workflows and processes, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.permissions import Action, may
from orchestrator_admin.rest.serializers import PagesField, StrictSerializer
from tasks import services
from tasks.labels import label
from tasks.models import InputState, Process, ProcessAction, ProcessStep, StepLog, Workflow
from tasks.secrets import mask, without_routes
from tasks.statuses import ProcessStatus

ANYTHING = {"type": "object", "additionalProperties": True}
AVAILABLE = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"allowed": {"type": "boolean"}, "why_not": {"type": "string", "description": "A sentence."}},
    },
}


class LastRunSerializer(serializers.Serializer[Any]):
    process_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ProcessStatus.choices)
    started_at = serializers.DateTimeField()


class WorkflowSerializer(serializers.ModelSerializer[Workflow]):
    """A workflow of the database, with its name for people and its last and next run."""

    label = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="Its name for people; the name itself when it has none."
    )
    last_run = serializers.SerializerMethodField()
    next_run_at = serializers.DateTimeField(allow_null=True, help_text="Earliest due time of its enabled schedules.")

    class Meta:
        model = Workflow
        fields = ("workflow_id", "name", "label", "description", "target", "is_task", "created_at", "last_run",
                  "next_run_at")  # fmt: skip

    def get_label(self, workflow: Workflow) -> str:
        return label(workflow.name)

    @extend_schema_field(LastRunSerializer(allow_null=True))
    def get_last_run(self, workflow: Any) -> dict[str, Any] | None:
        if workflow.last_process_id is None:
            return None
        row = {"process_id": workflow.last_process_id, "status": workflow.last_status, "started_at": workflow.last_at}
        return dict(LastRunSerializer(row).data)


class FormFieldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField(help_text="Class of the field, such as CharField or UUIDField.")
    required = serializers.BooleanField()  # type: ignore[assignment]
    secret = serializers.BooleanField(help_text="Stored encrypted, and masked wherever it is shown.")
    help_text = serializers.CharField()  # type: ignore[assignment]
    initial = serializers.JSONField(allow_null=True)
    choices = serializers.ListField(
        child=serializers.ListField(), allow_null=True, help_text="Pairs of value and label."
    )


class FormPageSerializer(serializers.Serializer[Any]):
    """The page of a workflow's form that comes after the answers given so far."""

    complete = serializers.BooleanField(help_text="Nothing more is asked: these user_inputs start a process.")
    index = serializers.IntegerField(allow_null=True, help_text="Number of the page, from 0.")
    fields = FormFieldSerializer(many=True)  # type: ignore[assignment]


class PagesBody(StrictSerializer):
    user_inputs = PagesField(default=list, help_text="One object for each page of the form.")


class StartBody(PagesBody):
    workflow_name = serializers.CharField(max_length=255)


class StepSerializer(serializers.ModelSerializer[ProcessStep]):
    state = serializers.SerializerMethodField(help_text="The whole state after the step, or the error of a failed one.")

    class Meta:
        model = ProcessStep
        fields = ("position", "name", "status", "state", "attempts", "started_at", "completed_at")

    @extend_schema_field(ANYTHING)
    def get_state(self, step: ProcessStep) -> Any:
        state = mask(step.state)
        return without_routes(state) if self.context.get("only_looking") else state


class DoneSerializer(serializers.ModelSerializer[ProcessAction]):
    """What somebody did to a process, and the failure that stood there before."""

    class Meta:
        model = ProcessAction
        fields = ("at", "action", "who", "origin", "before", "traceback")


class ProcessSerializer(serializers.ModelSerializer[Process]):
    """One run of a workflow, as lists show it."""

    workflow_name = serializers.CharField(source="workflow.name")
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)

    class Meta:
        model = Process
        fields = (
            "process_id", "workflow_name", "status", "failed_reason", "started_at", "first_run_at", "last_modified_at",
            "completed_at", "current_step", "created_by", "started_as", "origin", "schedule_id", "occurrence_id",
            "assignee", "note", "retry_at",
        )  # fmt: skip


class ProcessDetailSerializer(ProcessSerializer):
    """A process with its steps, its inputs and what may be done with it."""

    steps = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField(help_text="What was given at the start and at each resume.")
    history = DoneSerializer(many=True, read_only=True, help_text="What people did to it, the oldest first.")
    actions = serializers.SerializerMethodField(help_text="What you may do with it now: retry, resume, abort, …")

    class Meta(ProcessSerializer.Meta):
        fields = (*ProcessSerializer.Meta.fields, "traceback", "steps", "inputs", "history", "actions")  # type: ignore[assignment]

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, process: Process) -> Any:
        context = {"only_looking": not may(self.context["request"].user, Action.RETRY, process.workflow.name)}
        return StepSerializer(process.steps.filter(parent=None), many=True, context=context).data

    @extend_schema_field({"type": "array", "items": ANYTHING})
    def get_inputs(self, process: Process) -> Any:
        # Not what came by callback: its row is named after the token of the route.
        given = process.inputs.filter(input_type__in=["initial", "resume"]).select_related("created_by")
        return [self._input(row) for row in given]

    @extend_schema_field(AVAILABLE)
    def get_actions(self, process: Process) -> Any:
        actions = services.available_actions(process, self.context["request"].user, asking_code=True)
        return {name: {"allowed": action.allowed, "why_not": str(action.why_not)} for name, action in actions.items()}

    def _input(self, row: InputState) -> dict[str, Any]:
        by = row.created_by.username if row.created_by else None
        given = mask(row.user_inputs)
        return {"type": row.input_type, "step": row.step, "user_inputs": given, "created_at": row.created_at,
                "created_by": by}  # fmt: skip


class StartedSerializer(serializers.Serializer[Any]):
    """A process that was accepted."""

    process_id = serializers.UUIDField()
    workflow_name = serializers.CharField()
    status = serializers.ChoiceField(choices=ProcessStatus.choices)
    started_at = serializers.DateTimeField()


class NoteBody(StrictSerializer):
    note = serializers.CharField(allow_blank=True, max_length=10_000)


class BulkProcessesBody(StrictSerializer):
    action = serializers.ChoiceField(choices=["retry", "resume", "abort", "delete"])
    process_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)


class ProcessResultSerializer(serializers.Serializer[Any]):
    process_id = serializers.UUIDField()
    ok = serializers.BooleanField()
    message = serializers.CharField(help_text="Why it was refused; empty when it was done.")


class BulkAnswerSerializer(serializers.Serializer[Any]):
    results = ProcessResultSerializer(many=True)


class ReceivedSerializer(serializers.Serializer[Any]):
    process_id = serializers.UUIDField()


class LogSerializer(serializers.ModelSerializer[StepLog]):
    class Meta:
        model = StepLog
        fields = ("id", "position", "item", "at", "level", "message")

    def to_representation(self, line: StepLog) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(line)
        return dict(without_routes(shown)) if self.context.get("only_looking") else shown


class EngineSerializer(serializers.Serializer[Any]):
    """Whether the engine runs, is coming to rest, or is locked."""

    global_lock = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["running", "locking", "locked"], read_only=True)
    running_processes = serializers.IntegerField(read_only=True)
    reason = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True, read_only=True)
    changed_by = serializers.CharField(allow_null=True, read_only=True)


class EngineBody(StrictSerializer):
    global_lock = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, default="", max_length=10_000)
