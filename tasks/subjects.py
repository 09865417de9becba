"""What workflows on products and subscriptions ask for before their own form: which one it is about.

A page that comes first, the same on the web page, in the API and in a schedule's stored inputs. What was chosen is
checked there: it exists, and has the workflow. Nothing here writes.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Generator
from typing import Any, Final
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tasks import inputs
from tasks.forms import FormPage
from tasks.models import Product, Subscription
from tasks.workflow import WorkflowFunction

MOST_CHOICES: Final = 500
"""Where there are more, a list to choose from helps nobody: the page asks for the id."""


class SubjectFirst:
    """A form source: the page that asks for the subject, and then the pages of the workflow's own form."""

    def __init__(self, workflow: WorkflowFunction) -> None:
        self.workflow = workflow
        self.own_form = workflow.initial_input_form

    def __call__(self, state: dict[str, Any], user: Any) -> Generator[type[forms.Form], Any, dict[str, Any]]:
        subject = self.entered((yield self.page()))
        if self.own_form is None:
            return subject
        return {**subject, **(yield from inputs.asked(self.own_form, {**state, **subject}, user))}

    def page(self) -> type[FormPage]:
        """Return the page that asks for the subject."""
        raise NotImplementedError

    def entered(self, page: inputs.Answers) -> dict[str, Any]:
        """Return what enters the state of the chosen one."""
        raise NotImplementedError

    def _field(self, label: str, choices: QuerySet[Any]) -> forms.UUIDField:
        """Return a field for one of `choices`, which yield a key and words."""
        found = list(choices[: MOST_CHOICES + 1])
        if len(found) > MOST_CHOICES:
            return forms.UUIDField(label=label, help_text=_("Its id."))
        options = [("", "---------"), *((str(key), " · ".join(filter(None, words))) for key, *words in found)]
        none = _("There is none to choose from: link a product to the workflow “%(name)s”.")
        return forms.UUIDField(
            label=label,
            widget=forms.Select(choices=options),
            help_text="" if found else none % {"name": self.workflow.name},
        )


class SubscriptionFirst(SubjectFirst):
    """Asks for a subscription whose product has the workflow."""

    def page(self) -> type[FormPage]:
        name = self.workflow.name
        having = Subscription.objects.filter(product__workflows__name=name).order_by("description", "pk")
        field = self._field(_("Subscription"), having.values_list("pk", "description", "product__name", "status"))

        class SubscriptionPage(FormPage):
            subscription_id = field

            def clean_subscription_id(self) -> UUID:
                key: UUID = self.cleaned_data["subscription_id"]
                found = Subscription.objects.select_related("product").filter(pk=key).first()
                if found is None:
                    raise forms.ValidationError(_("There is no such subscription."))
                if not found.product.workflows.filter(name=name).exists():
                    told = _("This workflow is not for this subscription: its product “%(product)s” does not have it.")
                    raise forms.ValidationError(told, params={"product": found.product.name})
                return key

        return SubscriptionPage

    def entered(self, page: inputs.Answers) -> dict[str, Any]:
        subscription = Subscription.objects.get(pk=page.subscription_id)
        return {"subscription_id": str(subscription.pk), "product": str(subscription.product_id)}


class ProductFirst(SubjectFirst):
    """Asks for a product that has the workflow."""

    def page(self) -> type[FormPage]:
        name = self.workflow.name
        having = Product.objects.filter(workflows__name=name).order_by("name")
        field = self._field(_("Product"), having.values_list("pk", "name"))

        class ProductPage(FormPage):
            product = field

            def clean_product(self) -> UUID:
                key: UUID = self.cleaned_data["product"]
                found = Product.objects.filter(pk=key).first()
                if found is None:
                    raise forms.ValidationError(_("There is no such product."))
                if not found.workflows.filter(name=name).exists():
                    told = _("This workflow is not for the product “%(product)s”, which does not have it.")
                    raise forms.ValidationError(told, params={"product": found.name})
                return key

        return ProductPage

    def entered(self, page: inputs.Answers) -> dict[str, Any]:
        product = Product.objects.get(pk=page.product)
        return {"product": str(product.pk), "product_name": product.name}


def page_count(source: Any) -> int:
    """Return how many pages a form has at most, as far as its code shows: one for each `yield`."""
    if isinstance(source, SubjectFirst):
        return 1 + page_count(source.own_form)
    function = inspect.unwrap(source) if callable(source) else source
    if not inspect.isgeneratorfunction(function):
        return int(source is not None)
    return sum(line.opname == "YIELD_VALUE" for line in dis.get_instructions(function))
