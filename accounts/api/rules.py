"""Rules that every operation of the API obeys: the scopes of tokens, the rate of requests, idempotency keys."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import token_of
from accounts.models import IdempotentRequest, Scope
from accounts.permissions import is_admin
from accounts.throttling import RateThrottle
from orchestrator_admin.rest.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

SAFE: Final = ("GET", "HEAD", "OPTIONS")
KEYS_KEPT: Final = timedelta(hours=24)


class InScope(IsAuthenticated):
    """Somebody who is logged in, or a token whose scopes include what the operation needs (`ScopedMixin.scope_of`)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        token = token_of(request)
        needed: Scope = view.scope_of(request)  # type: ignore[attr-defined]
        if token is None or not token.scopes or Scope.ADMIN in token.scopes or needed in token.scopes:
            return True
        self.message = _("This token lacks the scope “%(scope)s”.") % {"scope": needed.value}
        return False


class IsAdmin(InScope):
    """The same, and the user administers."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and is_admin(request.user)


class ScopedMixin(APIView):
    """What a view of the API says about scopes: reading needs `read`, everything else `write_scope`."""

    permission_classes = [InScope]
    throttle_classes = [RateThrottle]
    write_scope: ClassVar[Scope] = Scope.ADMIN
    action_scopes: ClassVar[dict[str, Scope]] = {}

    def scope_of(self, request: Request) -> Scope:
        """Return the scope that this request needs."""
        default = Scope.READ if request.method in SAFE else self.write_scope
        return self.action_scopes.get(getattr(self, "action", None) or "", default)


def idempotent(operation: Callable[..., Response]) -> Callable[..., Response]:
    """Let a client repeat a request under the same `Idempotency-Key`: it is done once, and answered alike each time.

    The key is stored in the transaction of the operation itself, so that a crash leaves neither or both, and a
    simultaneous second request waits for the first. A refused request does not use up its key. Kept for 24 hours.
    """

    @wraps(operation)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return operation(view, request, *args, **kwargs)
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [_("A key has 1 to 255 printable characters.")]})
        with transaction.atomic():
            kept, new = _reserve(request, key)
            if not new:
                return Response(kept.body, status=kept.status, headers={"Idempotent-Replayed": "true"})
            response = operation(view, request, *args, **kwargs)
            kept.status, kept.body = response.status_code, response.data
            kept.save(update_fields=["status", "body"])
        return response

    return once


RESERVE: Final = """
INSERT INTO accounts_idempotentrequest (user_id, key, fingerprint, created_at) VALUES (%s, %s, %s, now())
ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""
FORGET: Final = """
DELETE FROM accounts_idempotentrequest WHERE id IN (
    SELECT id FROM accounts_idempotentrequest WHERE created_at < %s LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""
_next_forgetting = 0.0


def _reserve(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    """Return the row of this key and whether it is new; raise when the key belongs to another request."""
    # With the server's key: whoever reads the database cannot try out which secret input the body held.
    body = json.dumps(request.data, sort_keys=True, default=str)
    fingerprint = salted_hmac("idempotency", f"{request.method} {request.path}\n{body}", algorithm="sha256").hexdigest()
    with connection.cursor() as cursor:
        _forget_the_old(cursor)
        # Waits for a simultaneous request under the same key to end, whichever way.
        cursor.execute(RESERVE, [request.user.pk, key, fingerprint])
        if row := cursor.fetchone():
            return IdempotentRequest(pk=row[0]), True
    user: Any = request.user
    kept = IdempotentRequest.objects.get(user=user, key=key)
    if kept.fingerprint != fingerprint:
        raise Problem(422, _("This Idempotency-Key was used for another request."))
    return kept, False


def _forget_the_old(cursor: Any) -> None:
    """Delete keys that are past their time, once a minute in each process."""
    global _next_forgetting
    if time.monotonic() >= _next_forgetting:
        _next_forgetting = time.monotonic() + 60
        cursor.execute(FORGET, [timezone.now() - KEYS_KEPT])
