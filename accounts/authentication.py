"""How a request to the API says who it is: `Authorization: Token …`, or the browser's session with its CSRF token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from structlog.contextvars import bind_contextvars

from accounts.models import AuthToken, User
from accounts.tokens import note_use

if TYPE_CHECKING:
    from rest_framework.request import Request


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Knox tokens, found by their digest with one query. An expired one stays listed, so that its owner sees why."""

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        answer: tuple[User, AuthToken] | None = super().authenticate(request)
        return answer

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Return the user and the token, or refuse with one and the same sentence whatever is wrong with it."""
        try:
            digest = hash_token(token.decode("ascii"))
        except UnicodeDecodeError:
            raise AuthenticationFailed(_("Invalid token.")) from None
        found = AuthToken.objects.select_related("user").filter(digest=digest).first()
        if found is None or not found.user.is_active:
            raise AuthenticationFailed(_("Invalid token."))
        if found.expired:
            raise AuthenticationFailed(_("This token has expired. Make a new one."))
        note_use(found)
        # Without this, log lines would know only who has a session.
        bind_contextvars(user_id=found.user.pk)
        return found.user, found


def token_of(request: Any) -> AuthToken | None:
    """Return the token that a request came with, or None when it came with a session."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, AuthToken) else None
