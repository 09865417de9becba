"""`/api/people/`, `/api/groups/`, `/api/grants/`: what administrators decide. The pages' forms check it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm, model_to_dict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api import serializers as shapes
from accounts.api.rules import IsAdmin, ScopedMixin
from accounts.forms import GrantsForm, GroupForm, PersonForm, why_not_delete
from accounts.models import User, WorkflowGrant
from accounts.permissions import ADMIN, ROLES, known_workflows
from orchestrator_admin.rest.problems import Problem
from orchestrator_admin.rest.serializers import read

if TYPE_CHECKING:
    from rest_framework.request import Request

LARGEST = 2**31


class PersonViewSet(ScopedMixin, GenericViewSet[User]):
    """Accounts."""

    permission_classes = [IsAdmin]
    serializer_class = shapes.PersonSerializer
    ordering_fields = ("username", "last_login", "id")
    queryset = User.objects.prefetch_related("groups")

    @extend_schema(operation_id="people_list")
    def list(self, request: Request) -> Response:
        """List the accounts."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=shapes.PersonBody, responses={201: shapes.PersonSerializer})
    def create(self, request: Request) -> Response:
        """Make an account. Without a password they come in through single sign-on only."""
        return self._saved(None, read(shapes.PersonBody, request.data), status=201)

    def retrieve(self, request: Request, pk: int) -> Response:
        """Show an account."""
        return Response(self.get_serializer(self._found(pk)).data)

    @extend_schema(request=shapes.PersonBody, responses=shapes.PersonSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is given and leave the rest. A superuser's account is changed by superusers only."""
        account = self._found(pk)
        if account.is_superuser and not request.user.is_superuser:
            raise PermissionDenied(_("The account of a superuser is changed by superusers only."))
        return self._saved(account, read(shapes.PersonBody, request.data, partial=True), status=200)

    def _found(self, pk: int) -> User:
        account = self.get_queryset().filter(pk=pk).first() if pk < LARGEST else None
        if account is None:
            raise NotFound(_("There is no such account."))
        return account

    def _saved(self, account: User | None, given: dict[str, Any], *, status: int) -> Response:
        fields = list(PersonForm.Meta.fields)
        data: dict[str, Any] = model_to_dict(account, fields) if account else {"is_active": True}
        data["groups"] = [group.pk for group in data.get("groups", [])]
        if "groups" in given:
            given["groups"] = _keys(given["groups"])
        form = PersonForm({**data, **given}, instance=account)
        if not form.is_valid():
            raise ValidationError(_errors(form))
        with transaction.atomic():
            saved = form.save()
        return Response(self.get_serializer(self._found(saved.pk)).data, status=status)


class GroupViewSet(ScopedMixin, GenericViewSet[Group]):
    """Groups of people."""

    permission_classes = [IsAdmin]
    serializer_class = shapes.GroupSerializer
    ordering_fields = ("name",)
    queryset = Group.objects.all()

    @extend_schema(operation_id="groups_list")
    def list(self, request: Request) -> Response:
        """List the groups, roles included."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([_group(group) for group in page])

    @extend_schema(request=shapes.GroupBody, responses={201: shapes.GroupSerializer})
    def create(self, request: Request) -> Response:
        """Make a group, to be named in grants."""
        form = GroupForm(read(shapes.GroupBody, request.data))
        if not form.is_valid():
            raise ValidationError(_errors(form))
        return Response(_group(form.save()), status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a group with its grants. Roles stay, and so does a group that alone has grants of some workflow."""
        group = self.get_queryset().filter(pk=pk).first() if pk < LARGEST else None
        if group is None:
            raise NotFound(_("There is no such group."))
        if group.name in ROLES:
            raise PermissionDenied(_("Roles stay."))
        if sentence := why_not_delete(group):
            raise Problem(HTTPStatus.CONFLICT, sentence)
        group.delete()
        return Response(status=204)


class GrantViewSet(ScopedMixin, GenericViewSet[WorkflowGrant]):
    """Which groups may do what with a workflow."""

    permission_classes = [IsAdmin]
    serializer_class = shapes.GrantsSerializer
    pagination_class = None
    filter_backends = []
    queryset = WorkflowGrant.objects.all()

    @extend_schema(operation_id="grants_list", responses=shapes.GrantListSerializer)
    def list(self, request: Request) -> Response:
        """List all workflows with their grants."""
        names = sorted({*known_workflows(), *self.get_queryset().values_list("workflow_name", flat=True)})
        return Response({"results": [{"workflow_name": name, "grants": _grants(name)} for name in names]})

    def retrieve(self, request: Request, name: str) -> Response:
        """Show the grants of one workflow."""
        return self._shown(name)

    @extend_schema(request=shapes.GrantsBody, responses=shapes.GrantsSerializer)
    def update(self, request: Request, name: str) -> Response:
        """Replace the grants of one workflow. In force when the answer comes."""
        self._shown(name)
        asked = read(shapes.GrantsBody, request.data)["grants"]
        wanted: dict[str, set[str]] = {}
        for grant in asked:
            wanted.setdefault(grant["group"], set()).update(grant["actions"])
        if ADMIN in wanted:
            raise ValidationError({"grants": [_("Admins may do everything already.")]})
        keys = dict(zip(wanted, _keys(list(wanted), field="grants"), strict=True))
        form = GrantsForm(name, {f"group_{keys[group]}": list(actions) for group, actions in wanted.items()})
        if not form.is_valid():
            raise ValidationError(_errors(form))
        with transaction.atomic():
            form.save()
        return self._shown(name)

    def _shown(self, name: str) -> Response:
        if "\x00" in name or (name not in known_workflows() and not _grants(name)):
            raise NotFound(_("There is no such workflow."))
        return Response({"workflow_name": name, "grants": _grants(name)})


def _errors(form: BaseForm) -> dict[str, list[str]]:
    return {field: [str(error) for error in errors] for field, errors in form.errors.items()}


def _group(group: Group) -> dict[str, Any]:
    return {"id": group.pk, "name": group.name, "is_role": group.name in ROLES}


def _grants(name: str) -> list[dict[str, Any]]:
    held: dict[str, list[str]] = {}
    rows: QuerySet[WorkflowGrant, tuple[str, str]] = WorkflowGrant.objects.filter(workflow_name=name).values_list(
        "group__name", "action"
    )
    for group, action in rows.order_by("group__name", "action"):
        held.setdefault(group, []).append(action)
    return [{"group": group, "actions": actions} for group, actions in held.items()]


def _keys(names: list[str], *, field: str = "groups") -> list[int]:
    """Return the keys of groups, or refuse the names that are no group's."""
    known = dict(Group.objects.filter(name__in=names).values_list("name", "pk"))
    if unknown := [name for name in names if name not in known]:
        raise ValidationError({field: [_("There is no group “%(name)s”.") % {"name": name} for name in unknown]})
    return [known[name] for name in names]
