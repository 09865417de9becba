"""The OpenAPI schema: complete, without warnings, and true to what the API does."""

from __future__ import annotations

from io import StringIO
from typing import Any

import schemathesis
import yaml
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from orchestrator_admin.rest.describing import EXAMPLES
from tests.people import Api, somebody


def schema() -> dict[str, Any]:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    loaded: dict[str, Any] = yaml.safe_load(out.getvalue())
    return loaded


def test_the_schema_is_made_without_warnings_and_says_how_to_log_in() -> None:
    made = schema()
    assert "token" in made["components"]["securitySchemes"]
    assert "/api/processes/{process_id}/" in made["paths"]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path} lacks a description"
            assert "400" in operation["responses"]


def test_every_field_shape_and_parameter_says_what_it_means() -> None:
    made = schema()
    lacking = [name for name, shape in made["components"]["schemas"].items() if shape.get("description", name) == name]
    for name, shape in made["components"]["schemas"].items():
        fields = shape.get("properties", {}).items()
        lacking += [f"{name}.{field}" for field, told in fields if not told.get("description") and "$ref" not in told]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            lacking += [f"{method} {path} {each['name']}" for each in parameters if not each.get("description")]
    assert not lacking


def test_every_request_that_needs_a_body_shows_one_that_is_valid() -> None:
    made = schema()
    shown = set()
    for operations in made["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "examples" not in content:
                continue
            shown.add(operation["operationId"])
            body = content["examples"]["example"]["value"]
            shape = made["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            assert set(shape.get("required", [])) <= set(body) <= set(shape["properties"]), operation["operationId"]
    assert shown == EXAMPLES.keys()


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_what_the_schema_promises_holds_for_whatever_is_sent(system: Any) -> None:
    """Schemathesis makes requests from the schema, good ones and bad ones, and judges the answers by it."""
    system.web(ORCHESTRATOR_API_RATE="100000/s")
    api = Api(somebody("ada", "admin"))
    other = somebody("nina", "viewer")
    process_id = api.post("/api/processes/", {"workflow_name": "succeeding"}).json()["process_id"]
    loaded = schemathesis.openapi.from_url(f"{system.url}/api/schema/?format=json")
    asked = 0
    for result in loaded.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            if "process_id" in (case.path_parameters or {}) and asked % 2:
                case.path_parameters["process_id"] = process_id
                case.query.pop("wait", None)  # nobody runs it
            if "people" in case.path:
                case.path_parameters["id"] = other.pk  # who asks is not to close their own account
            case.call_and_validate(headers={"Authorization": f"Token {api.text}"}, checks=CHECKS)

        ask()
    assert asked > 300
