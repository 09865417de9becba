"""Workflows, products and subscriptions: what there is, and which processes belong to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from tasks.models import Product, Subscription, Target
from tasks.registry import label
from tasks.views.finding import seen_workflows, viewer
from tasks.views.rows import task_rows
from tasks.views.tasks import workflow_page

PAGE_SIZE = 200


@login_required
@require_GET
def workflows(request: HttpRequest) -> HttpResponse:
    """List all workflows of the database, tasks among them, by target."""
    target = request.GET.get("target", "")
    found = seen_workflows(request)
    if target in Target.values:
        found = found.filter(target=target)
    rows = task_rows(found, viewer(request), with_next=False)
    context = {"rows": rows, "targets": Target.choices, "target": target}
    return render(request, "workflows/workflows.html", context)


@login_required
@require_GET
def workflow(request: HttpRequest, name: str) -> HttpResponse:
    """Show a workflow; a task's page is its own."""
    found = get_object_or_404(seen_workflows(request).prefetch_related("products"), name=name)
    if found.target == Target.SYSTEM:
        return redirect("tasks:detail", name=name)
    return workflow_page(request, found)


@login_required
@require_GET
def products(request: HttpRequest) -> HttpResponse:
    """List the products with how many subscriptions and workflows each has."""
    found = Product.objects.annotate(
        subscription_count=Count("subscriptions", distinct=True), workflow_count=Count("workflows", distinct=True)
    )
    return render(request, "catalogue/products.html", {"products": found[:PAGE_SIZE]})


@login_required
@require_GET
def product(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a product, its workflows, and its subscriptions."""
    found = get_object_or_404(Product, pk=pk)
    workflows = [(each, label(each.name)) for each in seen_workflows(request).filter(products=found)]
    context = {"product": found, "workflows": workflows, "subscriptions": found.subscriptions.all()[:PAGE_SIZE]}
    return render(request, "catalogue/product.html", context)


@login_required
@require_GET
def subscriptions(request: HttpRequest) -> HttpResponse:
    """List subscriptions whose description or note holds the words looked for."""
    words = request.GET.get("q", "").strip()
    found = Subscription.objects.select_related("product")
    if words:
        found = found.filter(description__icontains=words)
    context = {"subscriptions": found[:PAGE_SIZE], "query": words, "limit": PAGE_SIZE}
    return render(request, "catalogue/subscriptions.html", context)


@login_required
@require_GET
def subscription(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a subscription."""
    found = get_object_or_404(Subscription.objects.select_related("product"), pk=pk)
    return render(request, "catalogue/subscription.html", {"subscription": found})
