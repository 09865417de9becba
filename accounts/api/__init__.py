"""The HTTP API of tokens, sessions, people and grants, and the rules that every operation of the API obeys."""

from accounts.api.rules import InScope, IsAdmin, ScopedMixin, idempotent

__all__ = ["InScope", "IsAdmin", "ScopedMixin", "idempotent"]
