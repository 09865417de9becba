"""Completes the OpenAPI schema: every field, parameter and shape with its meaning, requests with an example."""

from __future__ import annotations

from typing import Any, Final

from orchestrator_admin.rest.glossary import MEANINGS, SHAPES

CRON: Final = {"expression": "0 1 * * 1-5", "timezone": "Europe/Amsterdam"}
NIGHTLY: Final = {
    "name": "Nightly",
    "workflow_name": "task_sync_from",
    "trigger": "cron",
    "trigger_kwargs": CRON,
    "user_inputs": [],
}
ID: Final = "01a20da9-a3a5-7540-bca7-f29ecd5841db"
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "processes_create": {"workflow_name": "task_sync_from", "user_inputs": []},
    "processes_partial_update": {"note": "Cable replaced, may be retried."},
    "processes_resume_create": {"user_inputs": [{"approved": True}]},
    "processes_bulk_create": {"action": "retry", "process_ids": [ID]},
    "status_update": {"global_lock": True, "reason": "Upgrade of NSO"},
    "schedules_create": NIGHTLY,
    "schedules_partial_update": {"trigger": "interval", "trigger_kwargs": {"minutes": 15}},
    "schedules_preview_create": {"trigger": "cron", "trigger_kwargs": CRON, "count": 5},
    "schedules_pause_create": {"reason": "Maintenance", "until": "2030-01-01T06:00:00+01:00"},
    "schedules_bulk_create": {"action": "pause", "schedule_ids": [ID], "reason": "Change freeze"},
    "schedules_start_missed": {"start": "latest", "schedule_ids": [ID]},
    "schedules_revert_create": {"event_id": 42},
    "tokens_create": {"name": "Backup script", "scopes": ["read", "start"], "expires_in_days": 90},
    "people_create": {"username": "olga", "groups": ["operator"]},
    "people_partial_update": {"is_active": False},
    "groups_create": {"name": "netops"},
    "grants_update": {"grants": [{"group": "netops", "actions": ["start", "retry"]}]},
}


def describe(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """A hook of drf-spectacular, the last one."""
    for name, shape in result["components"]["schemas"].items():
        if "description" not in shape:
            shape["description"] = SHAPES.get(name) or _page(name)
        for field, described in shape.get("properties", {}).items():
            _explain(described, f"{name.removeprefix('Patched').removesuffix('Request')}.{field}", field)
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if not parameter.get("description"):
                    parameter["description"] = MEANINGS[parameter["name"]]
            if example := EXAMPLES.get(operation["operationId"]):
                content = operation["requestBody"]["content"]["application/json"]
                content["examples"] = {"example": {"summary": "For example", "value": example}}
    return result


def _explain(described: dict[str, Any], exact: str, name: str) -> None:
    if "description" in described:
        return
    meaning = MEANINGS.get(exact) or MEANINGS.get(name)
    if meaning and "$ref" in described:  # beside a reference, OpenAPI 3.0 reads nothing
        described["allOf"] = [{"$ref": described.pop("$ref")}]
    if meaning:
        described["description"] = meaning


def _page(name: str) -> str:
    return "One page of a list." if name.startswith("Paginated") else name
