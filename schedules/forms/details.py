"""What a schedule starts, under which name, and by which policies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orchestrator_admin import words
from schedules.forms.fields import WordsField
from schedules.models import CatchUp, Overlap, Schedule

MAX_TAGS = 20
MAX_TAG = 50
_GRACES = [
    (10, _("10 seconds")),
    (60, _("1 minute")),
    (300, _("5 minutes")),
    (900, _("15 minutes")),
    (3600, _("1 hour")),
    (21600, _("6 hours")),
    (86400, _("1 day")),
]


def _default(name: str) -> Any:
    """Return what a policy is where nobody chose: on the page as by the API and in code."""
    return getattr(Schedule(), name)


class TagsField(WordsField):
    """Tags, separated by commas."""

    def clean(self, value: Any) -> Any:
        tags = super().clean(value)
        if len(tags) > MAX_TAGS:
            raise ValidationError(_("No more than %(limit)s tags, please."), params={"limit": MAX_TAGS})
        for tag in tags:
            if len(tag) > MAX_TAG:
                raise ValidationError(
                    _("“%(tag)s” is longer than %(limit)s characters."), params={"tag": tag, "limit": MAX_TAG}
                )
        return tags


class DetailsForm(forms.Form):
    """Task, name, tags and policies. `workflow_name` is absent where code decides what is called."""

    workflow_name = forms.ChoiceField(label=_("Task"))
    name = forms.CharField(
        label=_("Name"), required=False, max_length=255, help_text=_("Left empty, it is called what it starts.")
    )
    tags = TagsField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    overlap = forms.ChoiceField(
        label=_("If the previous run is still going"), choices=Overlap, initial=_default("overlap"), required=False
    )
    catch_up = forms.ChoiceField(
        label=_("If the scheduler was down"), choices=CatchUp, initial=_default("catch_up"), required=False
    )
    catch_up_limit = forms.IntegerField(
        label=_("At most this many at once"),
        min_value=1,
        max_value=1000,
        initial=_default("catch_up_limit"),
        required=False,
    )
    misfire_grace = forms.TypedChoiceField(
        label=_("A run counts as late after"),
        choices=_GRACES,
        coerce=int,
        initial=_default("misfire_grace"),
        required=False,
        empty_value=None,
    )

    def __init__(self, *args: Any, workflows: list[tuple[str, str]] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if workflows is None:
            del self.fields["workflow_name"]
        else:
            field = cast("forms.ChoiceField", self.fields["workflow_name"])
            field.choices = [("", _("Choose…")), *workflows]
            field.error_messages["invalid_choice"] = _("There is no such task, or you may not schedule it.")
        self._allow_odd_grace()

    def policies(self) -> dict[str, Any]:
        """Return what was chosen, for the service; what was left out keeps its default. Only for a valid form."""
        names = ("tags", "overlap", "catch_up", "catch_up_limit", "misfire_grace")
        return {
            name: self.fields[name].initial if self.cleaned_data[name] in (None, "") else self.cleaned_data[name]
            for name in names
        }

    def _allow_odd_grace(self) -> None:
        """Offer a grace that was set by the API or in code and is none of ours."""
        grace = self.initial.get("misfire_grace")
        field = cast("forms.ChoiceField", self.fields["misfire_grace"])
        if isinstance(grace, int) and grace not in dict(_GRACES):
            field.choices = sorted([*_GRACES, (grace, words.duration(timedelta(seconds=grace)))])


class PauseForm(forms.Form):
    """Why a schedule is paused, and when it goes on by itself."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = {"zone": timezone.get_current_timezone_name()}
        self.fields["until"].help_text = _("As clocks show it in %(zone)s. Empty: until somebody resumes it.") % zone
