"""Configuration of the application `accounts`, and of Django's admin with our site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.contrib.admin import autodiscover


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True


class SiteConfig(admin_apps.SimpleAdminConfig):
    """`django.contrib.admin` with a site of our own."""

    default = False
    default_site = "accounts.site.Site"

    def ready(self) -> None:
        super().ready()
        autodiscover()
