"""The OpenAPI schema: what drf-spectacular finds, and the refusals that every operation may answer with."""

from __future__ import annotations

from typing import Any, Final, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from orchestrator_admin.rest.problems import MEDIA_TYPE

PROBLEM: Final = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "errors": {
            "type": "object",
            "description": "For each wrong field a list of sentences, or an object of its own fields.",
            "additionalProperties": True,
        },
    },
}
REFUSALS: Final = {
    400: "Some values were refused: see `errors`.",
    401: "No token, or one that is wrong, expired or revoked.",
    403: "You may not do this, or the token lacks the scope.",
    404: "There is no such thing, or you may not see it.",
    406: "Only JSON is answered.",
    409: "It cannot be done as things stand.",
    412: "It was changed since you read it.",
    413: "The body is too large.",
    415: "Only JSON is read.",
    422: "The idempotency key belongs to another request.",
    429: "Too many requests: wait as many seconds as `Retry-After` says.",
}


class Schema(AutoSchema):
    """Adds the refusals to each operation, and takes tags from the first part of the address."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/").split("/")[0]]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        problem = ResolvedComponent(  # type: ignore[no-untyped-call]
            "Problem", ResolvedComponent.SCHEMA, PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(problem)
        body_is_read = self.method in {"POST", "PUT", "PATCH"}
        for status, text in REFUSALS.items():
            if status in {413, 415, 422} and not body_is_read:
                continue
            if status == 409 and self.method == "GET":
                continue
            if status == 412 and self.method not in {"PATCH", "DELETE"}:
                continue
            bodies.setdefault(str(status), {"description": text, "content": {MEDIA_TYPE: {"schema": problem.ref}}})
        return bodies
