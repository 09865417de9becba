"""Users in Django's admin. Groups register themselves; what is left out says `site.py`."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from accounts.models import User

admin.site.register(User, UserAdmin)
