"""`/api/tokens/` and `/api/sessions/`: one's own keys to this place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api import serializers as shapes
from accounts.api.rules import ScopedMixin
from accounts.authentication import token_of
from accounts.models import AuthToken
from accounts.tokens import create_token, revoke_token
from orchestrator_admin.rest.serializers import read

if TYPE_CHECKING:
    from rest_framework.request import Request


class TokenViewSet(ScopedMixin, GenericViewSet[AuthToken]):
    """One's own tokens. Making and revoking them needs a session, or a token with the scope admin or without scopes."""

    serializer_class = shapes.TokenSerializer
    ordering_fields = ("-created", "name", "expiry")
    queryset = AuthToken.objects.all()

    def get_queryset(self) -> QuerySet[AuthToken]:
        found: QuerySet[AuthToken] = AuthToken.objects.filter(user=self.request.user)
        return found

    @extend_schema(operation_id="tokens_list")
    def list(self, request: Request) -> Response:
        """List your tokens, without their texts."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=shapes.TokenBody, responses={201: shapes.NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a token. Its text is in this answer and nowhere else."""
        asked = read(shapes.TokenBody, request.data)
        days = asked["expires_in_days"]
        lifetime = None if days is None else timedelta(days=days)
        _outlived(token_of(request), lifetime)
        user: Any = request.user
        token, text = create_token(user, name=asked["name"], scopes=asked["scopes"], lifetime=lifetime)
        answer = shapes.NewTokenSerializer(token, context={"text": text}).data
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, token_id: UUID) -> Response:
        """Revoke a token: it is refused from the next request on."""
        user: Any = request.user
        if not revoke_token(user, token_id):
            raise NotFound(_("You have no such token."))
        return Response(status=204)


def _outlived(own: AuthToken | None, lifetime: timedelta | None) -> None:
    """Refuse a token that outlives the one which asks for it: a limit of time would be none."""
    if own is not None and own.expiry is not None and (lifetime is None or timezone.now() + lifetime > own.expiry):
        raise PermissionDenied(_("A token that expires makes none that outlives it."))


class SessionViewSet(ScopedMixin, GenericViewSet[UserSession]):
    """One's own sessions: the browsers in which one is logged in."""

    serializer_class = shapes.SessionSerializer
    ordering_fields = ("-created_at",)
    queryset = UserSession.objects.all()

    def get_queryset(self) -> QuerySet[UserSession]:
        found: QuerySet[UserSession] = UserSession.objects.filter(user=self.request.user)
        return found

    @extend_schema(operation_id="sessions_list")
    def list(self, request: Request) -> Response:
        """List the browsers in which you are logged in."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """End a session: that browser is logged out."""
        session: Any = self.get_queryset().filter(pk=pk).first() if pk < 2**31 else None
        if session is None:
            raise NotFound(_("You have no such session."))
        session.end()
        return Response(status=204)
