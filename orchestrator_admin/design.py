"""The design system on one page: every component, as pages use it, for those who build on them."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from orchestrator_admin.shapes import SHAPES
from schedules.filters import State
from schedules.models import Outcome
from tasks.statuses import ProcessStatus, StepStatus

TOKENS = ("ground", "surface", "sunken", "accent", "accent-wash", "warn-wash", "bad-wash",
          "good", "bad", "warn", "busy", "held", "quiet")  # fmt: skip


class Example(forms.Form):
    """A field of each kind."""

    site = forms.CharField(label=gettext_lazy("With help"), help_text=gettext_lazy("Help stands below."))
    zone = forms.ChoiceField(label=gettext_lazy("Wrong"), choices=[("", "")])
    often = forms.ChoiceField(
        label=gettext_lazy("One of a few"),
        choices=[("day", gettext_lazy("Daily")), ("week", gettext_lazy("Weekly"))],
        widget=forms.RadioSelect,
        required=False,
    )
    sure = forms.BooleanField(label=gettext_lazy("Yes or no"), required=False)


@login_required
@require_GET
def design(request: HttpRequest) -> HttpResponse:
    """Show every component once."""
    now = timezone.now()
    form = Example({"site": "ams", "zone": "", "often": "day"})
    form.add_error("zone", _("An error stands beside its cause."))
    context = {
        "statuses": _statuses(),
        "tokens": TOKENS,
        "form": form,
        "now": now,
        "soon": now + timedelta(minutes=3),
        "length": timedelta(seconds=72),
        "marks": ["completed", "failed", "running", "suspended"],
    }
    return render(request, "system/design.html", context)


def _statuses() -> list[tuple[str, str]]:
    """Return every status word with its label."""
    kinds = (Outcome, State, StepStatus, ProcessStatus)
    labels = {str(value): str(label) for kind in kinds for value, label in kind.choices}
    labels |= {"alive": _("Alive"), "dead": _("Silent"), "locked": _("Locked"), "pending": _("To come")}
    return [(value, labels[value]) for value in SHAPES]
