"""What the API shows of tokens, sessions, people, groups and grants, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import Action, AuthToken, Scope, User
from orchestrator_admin.rest.serializers import StrictSerializer

LONGEST_DAYS = 3650


class TokenSerializer(serializers.ModelSerializer[AuthToken]):
    """A token for the API, without its text, which nobody can find out again."""

    token_id = serializers.UUIDField(read_only=True, help_text="Names the token where it is revoked.")
    name = serializers.CharField(help_text="What it is for.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), help_text="What it may do; empty: all that you may do."
    )
    created = serializers.DateTimeField(help_text="When it was made.")
    expiry = serializers.DateTimeField(allow_null=True, help_text="Refused from then on; null: it does not expire.")
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute; null: never.")
    begins_with = serializers.CharField(source="token_key", help_text="How its text begins, to tell tokens apart.")

    class Meta:
        model = AuthToken
        fields = ("token_id", "name", "scopes", "created", "expiry", "last_used_at", "begins_with")


class NewTokenSerializer(TokenSerializer):
    """A token that was just made: the only time that its text is told."""

    token = serializers.SerializerMethodField(help_text="Send it as `Authorization: Token …`. Told this once.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")  # type: ignore[assignment]

    def get_token(self, token: AuthToken) -> str:
        return str(self.context["text"])


class TokenBody(StrictSerializer):
    name = serializers.CharField(max_length=100, help_text="What it is for, such as “Backup script”.")
    scopes = serializers.ListField(
        default=list,
        child=serializers.ChoiceField(choices=Scope.choices),
        help_text="What it may do; none: all that you may do.",
    )
    expires_in_days = serializers.IntegerField(
        default=90, allow_null=True, min_value=1, max_value=LONGEST_DAYS, help_text="Null: it does not expire."
    )


class SessionSerializer(serializers.Serializer[Any]):
    """A browser in which you are logged in."""

    id = serializers.IntegerField(help_text="Names the session where it is ended.")
    ip = serializers.CharField(help_text="Address from which it was opened.")
    user_agent = serializers.CharField(help_text="What the browser says it is.")
    created_at = serializers.DateTimeField(help_text="When you logged in.")
    last_seen_at = serializers.DateTimeField(help_text="When it was last seen.")


class PersonSerializer(serializers.ModelSerializer[User]):
    """An account."""

    id = serializers.IntegerField(help_text="Names the account.")
    username = serializers.CharField(help_text="What they log in with.")
    first_name = serializers.CharField(help_text="First name.")
    last_name = serializers.CharField(help_text="Last name.")
    email = serializers.CharField(help_text="Where they can be reached.")
    is_active = serializers.BooleanField(help_text="False: they cannot log in, and their tokens are refused.")
    is_superuser = serializers.BooleanField(help_text="May do all, and open Django's admin.")
    groups: Any = serializers.SlugRelatedField(
        many=True, read_only=True, slug_field="name", help_text="Roles and groups."
    )
    last_login = serializers.DateTimeField(allow_null=True, help_text="Null: never.")

    class Meta:
        model = User
        fields = ("id", "username", "first_name", "last_name", "email", "is_active", "is_superuser", "groups",
                  "last_login")  # fmt: skip


class PersonBody(StrictSerializer):
    """What the page of an account asks. Who is a superuser is decided by `manage.py createsuperuser`."""

    username = serializers.CharField(max_length=150, help_text="What they log in with.")
    first_name = serializers.CharField(required=False, allow_blank=True, max_length=150, help_text="First name.")
    last_name = serializers.CharField(required=False, allow_blank=True, max_length=150, help_text="Last name.")
    email = serializers.CharField(required=False, allow_blank=True, max_length=254, help_text="Address.")
    is_active = serializers.BooleanField(required=False, help_text="False closes the account; true when left out.")
    groups = serializers.ListField(
        required=False, child=serializers.CharField(max_length=150), help_text="Names of roles and groups."
    )
    password = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, write_only=True, max_length=4096,
        help_text="At least 12 characters. Left out: as it is, or none for a new account.",
    )  # fmt: skip


class GroupSerializer(serializers.Serializer[Any]):
    """A group of people, for grants; four of them are the roles."""

    id = serializers.IntegerField(help_text="Names the group.")
    name = serializers.CharField(help_text="Its name.")
    is_role = serializers.BooleanField(help_text="Viewer, operator, scheduler or admin: stays, under its name.")


class GroupBody(StrictSerializer):
    name = serializers.CharField(max_length=150, help_text="Not yet taken.")


class GrantSerializer(StrictSerializer):
    """What the members of a group may do with a workflow."""

    group = serializers.CharField(max_length=150, help_text="Name of the group.")
    actions = serializers.ListField(
        child=serializers.ChoiceField(choices=Action.choices), min_length=1, help_text="What its members may do."
    )


class GrantsBody(StrictSerializer):
    grants = serializers.ListField(
        child=GrantSerializer(), max_length=1000, help_text="All of them. None: the roles decide again."
    )


class GrantsSerializer(serializers.Serializer[Any]):
    """Who may do what with one workflow. With grants, only the groups named here and admins may do anything with it."""

    workflow_name = serializers.CharField(help_text="The workflow.")
    grants = GrantSerializer(many=True, help_text="None: the roles decide.")


@extend_schema_serializer(many=False)
class GrantListSerializer(serializers.Serializer[Any]):
    """All workflows, by name."""

    results = GrantsSerializer(many=True, help_text="One for each workflow.")


class DifferenceSerializer(serializers.Serializer[Any]):
    """A field that was changed."""

    field = serializers.CharField(help_text="Its name for people.")
    before = serializers.JSONField(allow_null=True, help_text="What it was; secrets are covered.")
    after = serializers.JSONField(allow_null=True, help_text="What it became.")


class ChangeSerializer(serializers.Serializer[Any]):
    """One entry of a trail."""

    event_id = serializers.IntegerField(help_text="Names the entry where an earlier state is brought back.")
    at = serializers.DateTimeField(help_text="When.")
    kind = serializers.ChoiceField(
        choices=["insert", "update", "delete", "run"], help_text="What happened; run: somebody ran it by hand."
    )
    who = serializers.CharField(help_text="Username, or the account of the machine that ran a command.")
    door = serializers.CharField(help_text="page, api, command, or empty for the system itself.")
    command = serializers.CharField(help_text="Name of the command; empty when it was none.")
    differences = DifferenceSerializer(many=True, help_text="What an update changed.")


class HistorySerializer(serializers.Serializer[Any]):
    """A trail, the latest entry first."""

    results = ChangeSerializer(many=True, help_text="At most the latest hundred.")
