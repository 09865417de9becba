"""The Django models that workflows and schedules read and write."""

from tasks.models import Process, Product, Subscription, Workflow

__all__ = ["Process", "Product", "Subscription", "Workflow"]
