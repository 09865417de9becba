"""Who may do what with which workflow. Everything that sees, starts or changes one asks here.

Roles are groups: `viewer` sees, `operator` also starts and retries, `scheduler` also schedules, `admin` does all, the
engine and the grants included. Grants (`WorkflowGrant`) take a workflow out of the roles: as soon as it has one, only
the groups named there, and admins, may do anything with it. Whoever has no role and no grant sees nothing.

What a user may do is read with two queries and kept on the user object for at most a second, and no longer than the
next change of a grant or a membership in this process. A batch fills many users with the same two: `preload`. The
grants, which are everybody's, are kept for as long beside, so that a request of a new user asks for groups only.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection
from django.db.models.signals import m2m_changed, post_delete, post_save

from accounts.models import Action, User, WorkflowGrant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["ADMIN", "ROLES", "Action", "Person", "is_admin", "may", "preload", "remember", "visible_workflows"]

Person = User | AnonymousUser

ADMIN: Final = "admin"
ROLES: Final[dict[str, frozenset[Action]]] = {
    "viewer": frozenset({Action.SEE}),
    "operator": frozenset({Action.SEE, Action.START, Action.RETRY}),
    "scheduler": frozenset({Action.SEE, Action.START, Action.RETRY, Action.SCHEDULE}),
    ADMIN: frozenset(Action),
}
# A grant of the first also gives the others: nobody can start what they cannot see, and what a schedule starts is
# started in its owner's name.
INCLUDED: Final[dict[Action, frozenset[Action]]] = {
    Action.SEE: frozenset({Action.SEE}),
    Action.START: frozenset({Action.SEE, Action.START}),
    Action.RETRY: frozenset({Action.SEE, Action.RETRY}),
    Action.SCHEDULE: frozenset({Action.SEE, Action.START, Action.SCHEDULE}),
}
KEPT_SECONDS: Final = 1.0


def may(user: Person | None, action: Action, workflow_name: str) -> bool:
    """Return whether `user` may do `action` with the workflow. None is the system itself, which may do all."""
    if user is None:
        return True
    access = _access(user)
    if access.everything:
        return True
    granted = access.grants.get(workflow_name)
    return action in (access.role_actions if granted is None else granted)


def visible_workflows(user: Person | None) -> set[str] | None:
    """Return the names of the workflows that `user` sees, so that querysets can filter; None means all of them."""
    if user is None:
        return None
    return _access(user).visible


def is_admin(user: Person | None) -> bool:
    """Return whether `user` administers: the engine lock, the grants, other people's schedules."""
    return user is None or _access(user).everything


def kept_from_others_by(group: Group) -> list[str]:
    """Return the workflows that have grants of this group only: without it they would follow the roles again."""
    grants = WorkflowGrant.objects.exclude(group=group).values("workflow_name")
    only = WorkflowGrant.objects.filter(group=group).exclude(workflow_name__in=grants)
    return sorted(set(only.values_list("workflow_name", flat=True)))


def preload(users: Iterable[User]) -> None:
    """Read what all of `users` may do with two queries, for callers that are about to ask about many."""
    wanted = [user for user in users if user.is_active and not user.is_superuser]
    if not wanted:
        return
    memberships: dict[int, dict[int, str]] = defaultdict(dict)
    rows = User.groups.through.objects.filter(user_id__in={user.pk for user in wanted})
    for user_id, group_id, name in rows.values_list("user_id", "group_id", "group__name"):
        memberships[user_id][group_id] = name
    read_at, grants = _grants()
    for user in wanted:
        _keep(user, read_at, Access.of(memberships[user.pk], grants))


def remember(user: User, groups: dict[int, str]) -> None:
    """Take what `user` may do from their groups (id → name), which the caller has just read."""
    read_at, grants = _grants()
    _keep(user, read_at, Access.of(groups, grants))


def _keep(user: User, read_at: float, access: Access) -> None:
    user._access = (_generation, read_at, access)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Access:
    """What one user may do: everything, or by role, except for workflows with grants (`grants`: name → actions)."""

    everything: bool = False
    role_actions: frozenset[Action] = frozenset()
    grants: dict[str, frozenset[Action]] | Any = None

    @classmethod
    def of(cls, groups: dict[int, str], grants: Collection[tuple[str, int, str]]) -> Access:
        """Combine the groups of a user (id → name) with all grants there are."""
        if ADMIN in groups.values():
            return cls(everything=True, grants={})
        granted: dict[str, frozenset[Action]] = {}
        for workflow_name, group_id, action in grants:
            held = INCLUDED[Action(action)] if group_id in groups else frozenset()
            granted[workflow_name] = granted.get(workflow_name, frozenset()) | held
        by_role = frozenset[Action]().union(*(ROLES.get(name, frozenset()) for name in groups.values()))
        return cls(role_actions=by_role, grants=granted)

    @property
    def hidden(self) -> set[str]:
        """Workflows whose grants leave this user out."""
        return {name for name, actions in self.grants.items() if Action.SEE not in actions}

    @cached_property
    def visible(self) -> set[str] | None:
        """The workflows that this user sees; None means all of them. Found out once, for a page that asks often."""
        if self.everything or (Action.SEE in self.role_actions and not self.hidden):
            return None
        if Action.SEE in self.role_actions:
            return known_workflows() - self.hidden
        return {name for name, actions in self.grants.items() if Action.SEE in actions}


_generation = 0


def _access(user: Person) -> Access:
    """Return what `user` may do, read again when what is kept is older than a second or than the last change."""
    if not isinstance(user, User) or not user.is_active:
        return Access(grants={})
    if user.is_superuser:
        return Access(everything=True, grants={})
    kept: tuple[int, float, Access] | None = getattr(user, "_access", None)
    if kept is None or kept[0] != _generation or time.monotonic() - kept[1] > KEPT_SECONDS:
        preload([user])
        kept = user._access  # type: ignore[attr-defined]
    return kept[2]


Grants = list[tuple[str, int, str]]
_kept_grants: tuple[int, float, Grants] | None = None


def _grants() -> tuple[float, Grants]:
    """Return all grants and when they were read, at most a second ago."""
    global _kept_grants
    kept = _kept_grants
    # What is read inside a transaction may be taken back: it is that transaction's alone.
    alone = connection.in_atomic_block
    if kept and not alone and kept[0] == _generation and time.monotonic() - kept[1] < KEPT_SECONDS:
        return kept[1], kept[2]
    generation, now = _generation, time.monotonic()
    rows = list(WorkflowGrant.objects.values_list("workflow_name", "group_id", "action"))
    if not alone:
        _kept_grants = (generation, now, rows)
    return now, rows


def _forget(**_: Any) -> None:
    """A grant or a membership changed in this process: what is kept on user objects is out of date."""
    global _generation
    _generation += 1


def known_workflows() -> set[str]:
    """Names of all workflows in the database. The model is above this application, hence found by its label."""
    from django.apps import apps

    return set(apps.get_model("tasks", "Workflow").objects.values_list("name", flat=True))


for _signal in (post_save, post_delete):
    _signal.connect(_forget, sender=WorkflowGrant, dispatch_uid=f"permissions-{id(_signal)}")
    _signal.connect(_forget, sender=Group, dispatch_uid=f"permissions-group-{id(_signal)}")
m2m_changed.connect(_forget, sender=User.groups.through, dispatch_uid="permissions-memberships")
