"""The trail: who changed what, when, through which door, and what it was before.

Triggers in the database write it, so no code path can forget to. What they cannot know, the person and the door, comes
from a context that the middleware opens for requests that may change something, and `changed_by` for commands. A
change without one was made by the system itself: the scheduler, a worker, a migration.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import pghistory
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import ForeignKey
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_SHOWN: Final = 100


class AuditMiddleware:
    """Says who is behind the changes of a request. The user is asked for late: the API only learns it in its view."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.asynchronous = iscoroutinefunction(get_response)
        if self.asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.asynchronous:
            return self._later(request)
        if request.method not in CHANGING:
            response: HttpResponse = self.get_response(request)
            return response
        with _context(request):
            answer: HttpResponse = self.get_response(request)
            return answer

    async def _later(self, request: HttpRequest) -> HttpResponse:
        if request.method not in CHANGING:
            response: HttpResponse = await self.get_response(request)
            return response
        # The context belongs to a thread: the one in which all synchronous code of this request runs.
        context = _context(request)
        await sync_to_async(context.__enter__)()
        try:
            answer: HttpResponse = await self.get_response(request)
            return answer
        finally:
            await sync_to_async(context.__exit__)(None, None, None)


class Person:
    """Stands for the user of a request until a change is really written."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def key(self) -> int | None:
        user = getattr(self.request, "user", None)
        return user.pk if user is not None else None


class Encoder(DjangoJSONEncoder):
    """Writes the context of a change (PGHISTORY_JSON_ENCODER)."""

    def default(self, value: Any) -> Any:
        return value.key() if isinstance(value, Person) else super().default(value)


def _context(request: HttpRequest) -> Any:
    door = "api" if request.path.startswith("/api/") else "page"
    return pghistory.context(user=Person(request), door=door, url=request.path)


@contextmanager
def changed_by(user: User | None, *, door: str, **more: str) -> Iterator[None]:
    """Say who is behind the changes made inside, for what is not a request; without a user, the machine's account."""
    behind: dict[str, Any] = {"user": user.pk} if user else {"user": None, "account": account()}
    with pghistory.context(door=door, **behind, **more):
        yield


def by_command(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Say of all changes that a management command's `handle` makes which command, run by whom, made them.

    Its arguments are left out: they may hold secrets.
    """

    @wraps(handle)
    def handled(self: Any, *args: Any, **options: Any) -> Any:
        with changed_by(None, door="command", command=type(self).__module__.rpartition(".")[2]):
            return handle(self, *args, **options)

    return handled


def act(row: Model, label: str) -> None:
    """Note in the trail of an audited row what somebody did with it that changes nothing of it: a `ManualEvent`."""
    pghistory.create_event(row, label=label)


def account() -> str:
    """Return under which account of which machine this process runs, such as root@host."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


@dataclass(frozen=True)
class Difference:
    """One field that changed."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One entry of the trail."""

    event_id: int
    at: datetime
    kind: str
    who: str
    door: str
    differences: list[Difference]
    command: str = ""

    @property
    def kind_label(self) -> str:
        """What happened, in a word: fields that changed stand in `differences`."""
        words = {"insert": _("Created"), "delete": _("Deleted"), "run": _("Run by hand")}
        return words.get(self.kind, _("Changed"))

    @property
    def door_label(self) -> str:
        """The door in words."""
        if self.command:
            return _("by the command %(name)s") % {"name": self.command}
        words = {"page": _("on a page"), "api": _("through the API"), "command": _("by a command")}
        return words.get(self.door, self.door)


def changes_of(row: Model, user: Any = None, *, most: int = MOST_SHOWN) -> list[Change]:
    """Return what happened to an audited row, the latest first; of a row that knows who may see which of its past
    (`past_seen_by`), what `user` may see. None is the system itself."""
    past_seen_by: Callable[[Any], dict[str, Any]] = getattr(row, "past_seen_by", lambda user: {})
    return changes(event_model(type(row)), most=most, pgh_obj_id=row.pk, **past_seen_by(user))


def changes(events: type[Model], *, most: int = MOST_SHOWN, **of: Any) -> list[Change]:
    """Return the latest entries of one trail that `of` selects, each with what it changed."""
    found: list[Any] = list(
        events._default_manager.filter(**of).select_related("pgh_context").order_by("-pgh_id")[: most + 1]
    )
    names = _usernames(found)
    shown: list[Change] = []
    for event, before in zip(found, [*found[1:], _before_all(events)], strict=False):
        metadata = event.pgh_context.metadata if event.pgh_context else {}
        who = names.get(metadata.get("user")) or metadata.get("account") or _("the system")
        differences = _differences(before, event) if event.pgh_label == "update" else []
        door, command = metadata.get("door", ""), metadata.get("command", "")
        shown.append(Change(event.pgh_id, event.pgh_created_at, event.pgh_label, who, door, differences, command))
    return shown[:most]


def event_model(model: type[Model]) -> type[Model]:
    """Return the model that holds the trail of `model`."""
    for candidate in pghistory_models():
        if candidate.pgh_tracked_model is model:
            found: type[Model] = candidate
            return found
    raise LookupError(model)


def pghistory_models() -> list[Any]:
    """Return all models that hold a trail."""
    return [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]


def _usernames(events: list[Any]) -> dict[Any, str]:
    keys = {event.pgh_context.metadata.get("user") for event in events if event.pgh_context}
    return dict(User.objects.filter(pk__in=keys - {None}).values_list("pk", "username"))


def _before_all(events: Any) -> Model | None:
    """Return what a row was before its first entry: as made, where its making leaves none (the engine's lock)."""
    made_known = any(isinstance(tracker, pghistory.InsertEvent) for tracker in events.pgh_trackers)
    return None if made_known else events.pgh_tracked_model()


def _differences(before: Any, after: Any) -> list[Difference]:
    if before is None:
        return []
    found = []
    for field in after._meta.fields:
        if field.name.startswith("pgh_"):
            continue
        old, new = getattr(before, field.attname), getattr(after, field.attname)
        if old != new:
            found.append(Difference(_name(after, field), _shown(field, old), _shown(field, new)))
    return found


def _name(event: Any, field: Any) -> str:
    try:
        return str(event.pgh_tracked_model._meta.get_field(field.name).verbose_name)
    except FieldDoesNotExist:
        return str(field.name)


def _shown(field: Any, value: Any) -> Any:
    """People by name, choices by label, secrets covered."""
    if value is None or value == "":
        return None
    if isinstance(field, ForeignKey) and field.related_model is User:
        return User.objects.filter(pk=value).values_list("username", flat=True).first() or value
    if field.choices:
        return dict(field.flatchoices).get(value, value)
    shown = covered(value)
    return json.dumps(shown, ensure_ascii=False, sort_keys=True) if isinstance(shown, dict | list) else shown


def covered(value: Any) -> Any:
    """Cover secrets, which the applications above know (AUDIT_COVER)."""
    return import_string(settings.AUDIT_COVER)(value)
