"""How long a process worked: what its steps took, without the time that it waited between them or for a retry."""

from __future__ import annotations

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

from tasks.models import Process, ProcessStep


def with_worked(processes: QuerySet[Process]) -> QuerySet[Process]:
    """Have each process say in `duration` how long it worked: no query more, one look at its steps for each row shown.

    Attempts that failed count too. A process of which no step is recorded has `worked` None.
    """
    steps = ProcessStep.objects.filter(process=OuterRef("pk"), parent=None).order_by().values("process")
    took = steps.annotate(took=Sum(F("completed_at") - F("started_at"))).values("took")
    return processes.annotate(worked=Subquery(took))  # type: ignore[no-redef]
