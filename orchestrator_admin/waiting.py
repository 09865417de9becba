"""`GET /api/processes/<id>/?wait=30`: the answer comes when the process rests, or after so many seconds.

A process rests when it is neither queued nor running. While it waits, a request holds no thread and no database
connection: it is woken by the one connection that listens for all live pages, and looks again now and then whatever
that one says. Then it is answered from the beginning, so that what is shown, and whether it may be seen, is of now.

Our own application (`threads`) does the waiting. Another one (`manage.py runserver`) answers at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from orchestrator_admin.live import TOGETHER, Subscriber, hub, now
from orchestrator_admin.rest.problems import MEDIA_TYPE, describe
from orchestrator_admin.threads import WAITED
from tasks.models import QUEUED, Process
from tasks.statuses import ProcessStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from uuid import UUID

    Run = Callable[..., Awaitable[Any]]

LONGEST: Final = 60
LOOK_AGAIN: Final = 15.0
MOVING: Final = (*QUEUED, ProcessStatus.RUNNING)
View = Callable[..., HttpResponse]


def waiting(view: View) -> View:
    """Let clients of the detail `view` of a process wait until it rests, with `?wait=` seconds (at most 60).

    An answer to wait for carries what it waits for, as `rest`.
    """

    @wraps(view)
    def waited(request: HttpRequest, process_id: UUID) -> Any:
        since = now()
        answer: Any = view(request, process_id=process_id)
        asked = request.GET.get("wait")
        if asked is None or request.method != "GET" or answer.status_code != 200 or WAITED in request.META:
            return answer
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) <= LONGEST):
            return _refusal()
        if int(asked) and answer.data["status"] in MOVING:
            answer.rest = Rest(process_id, since, int(asked))
        return answer

    return waited


class Rest:
    """The end of a wait: a process rests, is gone, or the time is over."""

    def __init__(self, process_id: UUID, since: int, seconds: float) -> None:
        self.process_id = process_id
        self.since = since
        self.deadline = time.monotonic() + seconds

    async def over(self, run: Run) -> None:
        """Return then. `run` calls a function in a thread: there the database is asked, when something was heard."""
        subscriber = Subscriber([f"process:{self.process_id}"])
        hub.join(subscriber, self.since)
        try:
            while (left := self.deadline - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(subscriber.wake.wait(), min(left, LOOK_AGAIN))
                except TimeoutError:
                    if left <= LOOK_AGAIN:
                        return
                subscriber.wake.clear()
                if await run(_rests, self.process_id):
                    return
                # A process that runs is heard of at every step and every line of its log.
                await asyncio.sleep(TOGETHER)
        finally:
            hub.leave(subscriber)


def _rests(process_id: UUID) -> bool:
    """Tell whether the process rests, and give the connection back. Nobody knows while the database is away."""
    try:
        return not Process.objects.filter(pk=process_id, status__in=MOVING).exists()
    except (OperationalError, InterfaceError):
        return False
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _refusal() -> HttpResponse:
    error: Any = ValidationError({"wait": [_("Wait 0 to %(most)s seconds.") % {"most": LONGEST}]})
    return JsonResponse(describe(error), status=400, content_type=MEDIA_TYPE)
