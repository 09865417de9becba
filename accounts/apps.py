"""Configuration of the application `accounts`, and of Django's admin with our site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True


class SiteConfig(AdminConfig):
    """`django.contrib.admin` with a site of our own."""

    default = False
    default_site = "accounts.site.Site"
