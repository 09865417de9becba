"""Run predicates: what has to hold for a workflow to be started."""

from tasks.predicates import no_uncompleted_instance

__all__ = ["no_uncompleted_instance"]
