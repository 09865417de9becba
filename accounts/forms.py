"""Forms about people, groups, grants and tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Action, Scope, User, WorkflowGrant
from accounts.permissions import ROLES, kept_from_others_by

if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
    GroupModelForm = forms.ModelForm[Group]
else:
    UserModelForm = GroupModelForm = forms.ModelForm

LIFETIMES = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("One year")),
    ("", gettext_lazy("It does not expire")),
]


class TokenForm(forms.Form):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("What it is for, such as “Backup script”.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May"),
        choices=Scope.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: all that you may do. Never more than that."),
    )
    lifetime = forms.ChoiceField(label=gettext_lazy("Expires after"), choices=LIFETIMES, required=False, initial="90")

    def clean_lifetime(self) -> timedelta | None:
        days = self.cleaned_data["lifetime"]
        return timedelta(days=int(days)) if days else None


class PersonForm(UserModelForm):
    """An account and its groups; for a new one, or when it is to be changed, the password too."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 12 characters. Empty: as it is, or none for a new account."),
    )
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Roles and groups"),
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active", "groups")

    def _post_clean(self) -> None:
        """Judge the password by the names that were typed beside it, which only now are on the account."""
        super()._post_clean()  # type: ignore[misc]
        if password := self.cleaned_data.get("password"):
            try:
                validate_password(password, self.instance)
            except forms.ValidationError as error:
                self.add_error("password", error)

    def save(self, commit: bool = True) -> User:
        if self.cleaned_data["password"]:
            self.instance.set_password(self.cleaned_data["password"])
        elif self.instance.pk is None:
            self.instance.set_unusable_password()
        return super().save(commit)


class GroupForm(GroupModelForm):
    """The name of a group, for grants."""

    class Meta:
        model = Group
        fields = ("name",)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.instance.pk and Group.objects.get(pk=self.instance.pk).name in ROLES:
            raise forms.ValidationError(_("A role keeps its name."))
        return name


def why_not_delete(group: Group) -> str:
    """Return why the group stays: without it, what it alone is granted would be open to everybody's roles."""
    names = kept_from_others_by(group)
    if not names:
        return ""
    shown = ", ".join(names[:5]) + (" …" if names[5:] else "")
    sentence = _("Only %(group)s has grants of %(names)s: without it, all roles would. Change the grants first.")
    return sentence % {"group": group.name, "names": shown}


class GrantsForm(forms.Form):
    """Which groups may do what with one workflow: a row of boxes for each group."""

    def __init__(self, workflow_name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workflow_name = workflow_name
        held = set(WorkflowGrant.objects.filter(workflow_name=workflow_name).values_list("group_id", "action"))
        for group in Group.objects.exclude(name="admin").order_by("name"):
            self.fields[f"group_{group.pk}"] = forms.MultipleChoiceField(
                label=group.name,
                choices=Action.choices,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                initial=[action for action in Action.values if (group.pk, action) in held],
            )

    def save(self) -> None:
        """Make the grants what is ticked, touching only what changed, so that the trail says just that."""
        for name, actions in self.cleaned_data.items():
            group_id = int(name.removeprefix("group_"))
            grants = WorkflowGrant.objects.filter(workflow_name=self.workflow_name, group_id=group_id)
            held = set(grants.values_list("action", flat=True))
            for grant in grants.exclude(action__in=actions):
                grant.delete()
            for action in set(actions) - held:
                WorkflowGrant.objects.create(workflow_name=self.workflow_name, group_id=group_id, action=action)
