"""People and programs for tests: somebody with a role, and clients of the API that speak for them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import Action, Scope, User, WorkflowGrant
from accounts.tokens import create_token

PASSWORD = "correct horse battery"
ROLES = ("viewer", "operator", "scheduler", "admin")


def somebody(name: str, *groups: str, **fields: Any) -> User:
    """Return a new user in these groups, which are made where they are missing."""
    user = User.objects.create_user(name, password=PASSWORD, **fields)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def grant(workflow_name: str, group: str, *actions: Action) -> None:
    """Let the members of a group do something with a workflow."""
    row, _ = Group.objects.get_or_create(name=group)
    for action in actions:
        WorkflowGrant.objects.create(workflow_name=workflow_name, group=row, action=action)


class Api:
    """A client that sends JSON with a token, and reads JSON."""

    def __init__(self, user: User, *scopes: Scope) -> None:
        self.user = user
        self.token, self.text = create_token(user, scopes=scopes)
        self.client = Client(headers={"Authorization": f"Token {self.text}"})

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a body, as it is when it is text or bytes and as JSON otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, str | bytes) else b"" if body is None else json.dumps(body)
        given = {"content_type": "application/json"} if content else {"content_type": ""}
        return self.client.generic(method.upper(), path, content, headers=named, **given)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("post", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("patch", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("put", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("delete", path, **headers)
