"""The form to log in with. A module of its own: it imports django-allauth's forms, which need its settings and ours."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.utils.translation import gettext_lazy


class LogInForm(LoginForm):  # type: ignore[misc]
    """django-allauth's, which says who sets a new password instead of offering to send one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = gettext_lazy("Forgotten? Ask an administrator to set a new one.")
        self.fields["remember"].label = gettext_lazy("Remember me")
