"""What the API shows of schedules and their due times, and what it takes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orchestrator_admin.rest.serializers import PagesField, StrictSerializer
from schedules.models import CatchUp, Occurrence, Overlap, Schedule, TriggerKind
from schedules.triggers import TriggerError, load
from tasks.secrets import mask

OBJECT = {"type": "object", "additionalProperties": True}
LARGEST = 2**31 - 1


@extend_schema_field(OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object."""

    default_error_messages = {"not_an_object": _("Give an object: {{…}}.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return data


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    """A schedule as it stands."""

    workflow_name = serializers.CharField(source="workflow_id", allow_null=True)
    owner = serializers.CharField(source="owner.username", allow_null=True, default=None)
    paused_by = serializers.CharField(source="paused_by.username", allow_null=True, default=None)
    user_inputs = serializers.SerializerMethodField(help_text="Secrets are masked.")
    trigger_kwargs = ObjectField(read_only=True)
    next_run_at = serializers.DateTimeField(source="next_due_at", allow_null=True, help_text="The next due time.")
    description = serializers.SerializerMethodField(help_text="Its trigger as a sentence.")

    class Meta:
        model = Schedule
        fields = (
            "id", "name", "workflow_name", "trigger", "trigger_kwargs", "time_zone", "description", "user_inputs",
            "next_run_at", "enabled", "paused_reason", "paused_until", "paused_at", "paused_by", "parked_reason",
            "overlap", "catch_up", "catch_up_limit", "misfire_grace", "skip_next", "tags", "owner", "job_id",
            "function", "overridden", "removed_from_code_at", "version", "created_at", "updated_at",
        )  # fmt: skip

    @extend_schema_field({"type": "array", "items": OBJECT})
    def get_user_inputs(self, schedule: Schedule) -> Any:
        return mask(schedule.user_inputs)

    def get_description(self, schedule: Schedule) -> str:
        try:
            return load(
                schedule.trigger,
                schedule.trigger_kwargs,
                version=schedule.trigger_version,
                time_zone=schedule.time_zone,
                salt=str(schedule.pk),
            ).describe()
        except TriggerError:
            return ""


class ScheduleBody(StrictSerializer):
    """What a schedule is made of. The policies have the defaults of the form."""

    name = serializers.CharField(max_length=255, help_text="Need not be unique.")
    workflow_name = serializers.CharField(max_length=255)
    trigger = serializers.ChoiceField(choices=TriggerKind.choices)
    trigger_kwargs = ObjectField(help_text='Such as {"expression": "0 1 * * 1-5"}, and "timezone" with every trigger.')
    user_inputs = PagesField(required=False, help_text="One object for each page of the task's form.")
    time_zone = serializers.CharField(required=False, max_length=64, help_text='Unless trigger_kwargs has "timezone".')
    overlap = serializers.ChoiceField(
        required=False, choices=Overlap.choices, help_text="allow unless given, here as on the page and in code."
    )
    catch_up = serializers.ChoiceField(required=False, choices=CatchUp.choices)
    catch_up_limit = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    misfire_grace = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST, help_text="Seconds.")
    tags = serializers.ListField(required=False, child=serializers.CharField(max_length=50), max_length=50)


class PreviewBody(StrictSerializer):
    trigger = serializers.ChoiceField(choices=TriggerKind.choices)
    trigger_kwargs = ObjectField()
    time_zone = serializers.CharField(required=False, max_length=64)
    count = serializers.IntegerField(default=10, min_value=1, max_value=100)


class PreviewSerializer(serializers.Serializer[Any]):
    """What a trigger means: in words, and as its next due times."""

    description = serializers.CharField()
    next_run_times = serializers.ListField(child=serializers.DateTimeField(), help_text="With the zone's offset.")
    flags = serializers.ListField(
        child=serializers.ChoiceField(choices=["", "gap", "repeat", "clocks_change"]),
        help_text="What a change of the clocks does to each due time.",
    )
    complete = serializers.BooleanField(help_text="False: looking for more was given up; see note.")
    note = serializers.CharField()


class OccurrenceSerializer(serializers.ModelSerializer[Occurrence]):
    """One due time, what became of it, and the processes that it started."""

    process_ids = serializers.SerializerMethodField()

    class Meta:
        model = Occurrence
        fields = ("id", "scheduled_at", "fired_at", "finished_at", "outcome", "reason", "detail", "traceback", "manual",
                  "origin", "asked_by", "process_ids")  # fmt: skip

    def get_process_ids(self, occurrence: Occurrence) -> list[str]:
        started: dict[Any, list[str]] = self.context["processes"]
        return started.get(occurrence.pk, [])


class PauseBody(StrictSerializer):
    reason = serializers.CharField(default="", allow_blank=True, max_length=10_000)
    until = serializers.DateTimeField(default=None, allow_null=True, help_text="Resume by itself then.")


class SkipBody(StrictSerializer):
    skip = serializers.BooleanField(default=True)


class BulkSchedulesBody(PauseBody):
    action = serializers.ChoiceField(choices=["pause", "resume"])
    schedule_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)


class ScheduleResultSerializer(serializers.Serializer[Any]):
    schedule_id = serializers.UUIDField()
    ok = serializers.BooleanField()
    message = serializers.CharField()


class BulkSchedulesSerializer(serializers.Serializer[Any]):
    results = ScheduleResultSerializer(many=True)


class RevertBody(StrictSerializer):
    event_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class MissedSerializer(serializers.Serializer[Any]):
    """The due times of one schedule that were missed, for lateness, and that nobody has decided about."""

    schedule_id = serializers.UUIDField(source="schedule.pk", help_text="The schedule.")
    name = serializers.CharField(source="schedule.name", help_text="Its name.")
    workflow_name = serializers.CharField(
        source="schedule.workflow_id", allow_null=True, help_text="What it starts; null: a function of code."
    )
    count = serializers.IntegerField(help_text="How many due times were missed.")
    first_at = serializers.DateTimeField(help_text="The first of them.")
    last_at = serializers.DateTimeField(help_text="The last of them.")


class OutageSerializer(serializers.Serializer[Any]):
    """What was missed, schedule by schedule."""

    results = MissedSerializer(many=True, help_text="The latest missed first.")


class StartMissedBody(StrictSerializer):
    start = serializers.ChoiceField(
        choices=["latest", "all", "none"],
        help_text="Which missed due times are made up for; the rest is settled.",
    )
    schedule_ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=1000, help_text="Of which schedules."
    )
