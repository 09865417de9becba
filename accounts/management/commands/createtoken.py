"""`manage.py createtoken USERNAME`: a token for the API, printed last."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import by_command
from accounts.models import Scope, User
from accounts.tokens import create_token

if TYPE_CHECKING:
    from argparse import ArgumentParser

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Command(BaseCommand):
    """Make an API token for a user."""

    help = (
        "Make an API token for a user and print it on the last line. It is shown this once: only its digest is stored. "
        "Send it as the header `Authorization: Token …`. Without --scope it may do all that its user may. Every token "
        "is listed, and can be revoked, on its user's page API tokens."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="who the token speaks for, such as admin")
        parser.add_argument("--name", default="", help="what the token is for, shown in the list of tokens")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            default=[],
            help="limit the token to this: read; start (start, retry, resume and abort processes); schedule; admin. "
            "Give it several times for several scopes",
        )
        parser.add_argument(
            "--expires",
            type=lifetime,
            metavar="TIME",
            help="how long it is valid, such as 2w, 90d, 12h or 30m; without it: until it is revoked",
        )

    @by_command
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["username"])
        except User.DoesNotExist:
            names = ", ".join(User.objects.order_by("username").values_list("username", flat=True)[:20]) or "nobody yet"
            raise CommandError(f"There is no user {options['username']!r}. There are: {names}.") from None
        scopes = [Scope(value) for value in options["scope"]]
        _, text = create_token(user, name=options["name"][:100], scopes=scopes, lifetime=options["expires"])
        self.stdout.write(text)


def lifetime(text: str) -> timedelta:
    """Read `90d`, `12h`, `30m` or `2w`."""
    match = re.fullmatch(r"([1-9]\d{0,4})([mhdw])", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a length of time such as 90d, 12h, 30m or 2w")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
