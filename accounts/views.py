"""Pages about oneself: API tokens and sessions. (Login, password and one-time codes are django-allauth's.)"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.models import AuthToken
from accounts.tokens import create_token, revoke_token

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's tokens and make a new one, whose text is shown this once."""
    user: Any = request.user
    form = TokenForm(request.POST if request.method == "POST" else None)
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


def by_an_administrator(request: HttpRequest) -> HttpResponse:
    """Say who to ask for a new password or another address."""
    return render(request, "account/by_an_administrator.html", status=404)
