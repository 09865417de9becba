"""Pages for admins: accounts, groups, and which groups may do what with a workflow."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import changes, event_model
from accounts.forms import GrantsForm, GroupForm, PersonForm, why_not_delete
from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import ROLES, is_admin, known_workflows

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


def for_admins(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only admins in; others who are logged in get 403."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_admin(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(checked)


@for_admins
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the accounts and the groups."""
    accounts = User.objects.prefetch_related("groups").order_by("username")
    groups = Group.objects.order_by("name")
    context = {"people": accounts, "groups": groups, "roles": list(ROLES), "form": GroupForm()}
    return render(request, "account/people.html", context)


@for_admins
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make or change an account. That of a superuser changes nobody but a superuser."""
    account = get_object_or_404(User, pk=pk) if pk is not None else None
    if account is not None and account.is_superuser and not request.user.is_superuser:
        raise PermissionDenied
    form = PersonForm(request.POST if request.method == "POST" else None, instance=account)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
        messages.success(request, _("The account %(name)s is saved.") % {"name": saved.username})
        return redirect("people")
    context = {"form": form, "person": account}
    return render(request, "account/person.html", context, status=422 if form.is_bound else 200)


@for_admins
@require_POST
def new_group(request: HttpRequest) -> HttpResponse:
    """Make a group."""
    form = GroupForm(request.POST)
    if form.is_valid():
        form.save()
        messages.success(request, _("The group is made. Add people on their pages, grants on those of workflows."))
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("people")


@for_admins
@require_POST
def delete_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a group with its grants; roles stay, and so does what alone keeps a workflow from everybody's roles."""
    group = get_object_or_404(Group, pk=pk)
    if group.name in ROLES:
        raise PermissionDenied
    if sentence := why_not_delete(group):
        messages.error(request, sentence)
    else:
        group.delete()
        messages.success(request, _("The group %(name)s and its grants are deleted.") % {"name": group.name})
    return redirect("people")


@for_admins
@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    """List the workflows, and who may do what with those that have grants."""
    by_name: dict[str, list[WorkflowGrant]] = {}
    for grant in WorkflowGrant.objects.select_related("group"):
        by_name.setdefault(grant.workflow_name, []).append(grant)
    names = sorted({*known_workflows(), *by_name})
    rows = [{"name": name, "label": pgettext("workflow", name), "grants": by_name.get(name, [])} for name in names]
    return render(request, "account/grants.html", {"rows": rows})


@for_admins
@require_http_methods(["GET", "POST"])
def grants_of(request: HttpRequest, name: str) -> HttpResponse:
    """Change who may do what with one workflow."""
    if name not in known_workflows() and not WorkflowGrant.objects.filter(workflow_name=name).exists():
        raise Http404
    form = GrantsForm(name, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
        messages.success(request, _("The grants are saved and in force."))
        return redirect("grants")
    context = {
        "form": form,
        "name": name,
        "label": pgettext("workflow", name),
        "actions": Action.choices,
        "changes": changes(event_model(WorkflowGrant), workflow_name=name),
    }
    return render(request, "account/grants_of.html", context)
