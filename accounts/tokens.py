"""Making and revoking API tokens: the one place where a token is seen in the clear."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from accounts.models import AuthToken

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from accounts.models import Scope, User

USE_WRITTEN_EVERY: Final = timedelta(minutes=1)


def create_token(
    user: User, *, name: str = "", scopes: Collection[Scope] = (), lifetime: timedelta | None = None
) -> tuple[AuthToken, str]:
    """Make a token for `user` and return it with its text, which nobody can find out again.

    Without `scopes` it may do all that its user may; without `lifetime` it does not expire.
    """
    token, text = AuthToken.objects.create(user, expiry=lifetime, name=name, scopes=sorted(set(scopes)))
    return token, text


def revoke_token(user: User, token_id: UUID) -> bool:
    """Delete the user's token, which is refused from the next request on. False when there is none of that id."""
    deleted, _ = AuthToken.objects.filter(user=user, token_id=token_id).delete()
    return bool(deleted)


def note_use(token: AuthToken) -> None:
    """Remember that the token was used just now, writing at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_WRITTEN_EVERY:
        AuthToken.objects.filter(pk=token.pk).update(last_used_at=now)
