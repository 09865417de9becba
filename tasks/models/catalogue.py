"""What there is to run, and for what: workflows, products and subscriptions."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from orchestrator_admin.displays import display_of
from orchestrator_admin.ids import uuid7
from tasks.models.choices import choices_check
from tasks.retired import RetiredQuery
from tasks.targets import Target


class Product(models.Model):
    """Something that is sold, which subscriptions are instances of."""

    query = RetiredQuery()
    product_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255, unique=True)
    description = models.TextField(_("description"), blank=True)
    product_type = models.CharField(_("type"), max_length=255, blank=True)
    tag = models.CharField(_("tag"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=32, default="active")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    end_date = models.DateTimeField(_("end"), null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["name", "target", "description"],
    model_name="WorkflowEvent",
)
class Workflow(models.Model):
    """A workflow that was registered by a migration. Its code is found by `name`."""

    query = RetiredQuery()
    workflow_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255, unique=True)
    target = models.CharField(_("target"), max_length=16, choices=Target)
    is_task = models.GeneratedField(
        expression=models.Case(models.When(target=Target.SYSTEM, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    description = models.TextField(_("description"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    products = models.ManyToManyField(Product, blank=True, related_name="workflows")

    class Meta:
        ordering = ["name"]
        constraints: ClassVar = [choices_check("target", Target, "workflow_target_known")]

    get_target_display = display_of("target", Target)

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A customer's instance of a product, such as one node or one port."""

    query = RetiredQuery()
    subscription_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=32, default="initial")
    insync = models.BooleanField(_("in sync"), default=False)
    note = models.TextField(_("note"), blank=True)
    start_date = models.DateTimeField(_("start"), null=True, blank=True)
    end_date = models.DateTimeField(_("end"), null=True, blank=True)

    class Meta:
        ordering = ["description"]

    def __str__(self) -> str:
        return self.description or str(self.subscription_id)
