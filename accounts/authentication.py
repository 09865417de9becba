"""How a request to the API says who it is: `Authorization: Token …`, or the browser's session with its CSRF token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from structlog.contextvars import bind_contextvars

from accounts.models import AuthToken, User
from accounts.permissions import remember
from accounts.tokens import note_use

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.request import Request


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


# One statement for all that a request needs to know of its token: this is asked for every request.
FIND: Final = f"""
SELECT {_columns(AuthToken, "t")}, {_columns(User, "u")}, (
    SELECT jsonb_object_agg(g.id, g.name) FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
     WHERE m.user_id = u.id
)
  FROM accounts_authtoken t JOIN accounts_user u ON u.id = t.user_id
 WHERE t.digest = %s
"""  # noqa: S608
OF_TOKEN: Final = [field.attname for field in AuthToken._meta.concrete_fields]
OF_USER: Final = [field.attname for field in User._meta.concrete_fields]


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
        found = _found(digest)
        if found is None or not found.user.is_active:
            raise AuthenticationFailed(_("Invalid token."))
        if found.expired:
            raise AuthenticationFailed(_("This token has expired. Make a new one."))
        note_use(found)
        # Without this, log lines would know only who has a session.
        bind_contextvars(user_id=found.user.pk)
        return found.user, found


def _found(digest: str) -> AuthToken | None:
    """Return the token of this digest with its user, what they may do being known; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    token: AuthToken = AuthToken.from_db(connection.alias, OF_TOKEN, row[: len(OF_TOKEN)])
    token.user = User.from_db(connection.alias, OF_USER, row[len(OF_TOKEN) : -1])
    groups = json.loads(row[-1]) if isinstance(row[-1], str) else row[-1] or {}
    remember(token.user, {int(key): name for key, name in groups.items()})
    return token


def token_of(request: Any) -> AuthToken | None:
    """Return the token that a request came with, or None when it came with a session."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, AuthToken) else None
