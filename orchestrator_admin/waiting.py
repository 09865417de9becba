"""`GET /api/processes/<id>/?wait=30`: the answer comes when the process rests, or after so many seconds.

A process rests when it is neither queued nor running. While it waits, a request holds no thread and no database
connection: it is woken by the one connection that listens for all live pages, and looks again every few seconds in
case that one was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from orchestrator_admin.live import Subscriber, hub
from orchestrator_admin.rest.problems import MEDIA_TYPE, describe
from tasks.models import QUEUED, Process
from tasks.statuses import ProcessStatus

if TYPE_CHECKING:
    from uuid import UUID

LONGEST: Final = 60
LOOK_AGAIN: Final = 3.0
MOVING: Final = (*QUEUED, ProcessStatus.RUNNING)
View = Callable[..., HttpResponse]


def waiting(view: View) -> Any:
    """Let clients of the detail `view` of a process wait until it rests, with `?wait=` seconds (at most 60)."""

    @wraps(view)
    async def waited(request: HttpRequest, process_id: UUID) -> HttpResponse:
        answer: HttpResponse = await sync_to_async(view)(request, process_id=process_id)
        asked = request.GET.get("wait")
        if asked is None or request.method != "GET" or answer.status_code != 200:
            return answer
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) <= LONGEST):
            return await sync_to_async(_refusal)()
        await _rest(process_id, int(asked))
        return await sync_to_async(view)(request, process_id=process_id)

    return waited


async def _rest(process_id: UUID, seconds: float) -> None:
    """Return when the process rests, is gone, or the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    subscriber = Subscriber([f"process:{process_id}"])
    hub.join(subscriber, 0)
    try:
        while not await sync_to_async(_rests)(process_id) and (left := deadline - loop.time()) > 0:
            subscriber.wake.clear()
            try:
                await asyncio.wait_for(subscriber.wake.wait(), min(left, LOOK_AGAIN))
            except TimeoutError:
                continue
    finally:
        hub.leave(subscriber)


def _rests(process_id: UUID) -> bool:
    """Tell whether the process rests, and give the connection back."""
    moving = Process.objects.filter(pk=process_id, status__in=MOVING).exists()
    if not connection.in_atomic_block:
        connection.close()
    return not moving


def _refusal() -> HttpResponse:
    error: Any = ValidationError({"wait": [_("Wait 0 to %(most)s seconds.") % {"most": LONGEST}]})
    return JsonResponse(describe(error), status=400, content_type=MEDIA_TYPE)
