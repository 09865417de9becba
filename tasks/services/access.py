"""Which processes and workflows somebody may see: for pages, the API and their lists alike."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.permissions import Person, visible_workflows
from tasks.models import Process, Workflow


def workflows_seen_by(user: Person | None) -> QuerySet[Workflow]:
    """Return the workflows that `user` may see."""
    names = visible_workflows(user)
    return Workflow.objects.all() if names is None else Workflow.objects.filter(name__in=names)


def processes_seen_by(user: Person | None) -> QuerySet[Process]:
    """Return the processes of the workflows that `user` may see. One query for whoever does not see all."""
    if visible_workflows(user) is None:
        return Process.objects.all()
    # By key and not with a join: so PostgreSQL knows how many there are, and which index is the short way.
    return Process.objects.filter(workflow__in=list(workflows_seen_by(user).values_list("pk", flat=True)))
