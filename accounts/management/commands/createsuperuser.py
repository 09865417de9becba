"""`manage.py createsuperuser`: Django's, with the trail of the account saying who made it."""

from django.contrib.auth.management.commands import createsuperuser

from accounts.audit import by_command


class Command(createsuperuser.Command):
    handle = by_command(createsuperuser.Command.handle)
