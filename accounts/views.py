"""Pages about oneself: API tokens and sessions. (Login, password and one-time codes are django-allauth's.)"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import AuthToken, Scope
from accounts.tokens import create_token, revoke_token

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

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


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's tokens and make a new one, whose text is shown this once."""
    user: Any = request.user
    form = TokenForm(request.POST or None)
    text = ""
    if request.method == "POST" and form.is_valid():
        _token, text = create_token(user, **form.cleaned_data)
        form = TokenForm()
    context = {"form": form, "text": text, "tokens": AuthToken.objects.filter(user=user)}
    status = 422 if form.is_bound else 200
    return render(request, "account/tokens.html", context, status=status)


@login_required
@require_POST
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponseRedirect:
    """Revoke one of one's tokens."""
    user: Any = request.user
    if revoke_token(user, token_id):
        messages.success(request, _("The token is revoked. Requests with it are refused from now on."))
    return redirect("account_tokens")


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """Log out one of one's other sessions."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    session.end()
    messages.success(request, _("That session is logged out."))
    return redirect("usersessions_list")
