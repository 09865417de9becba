"""Configuration of the application `schedules`."""

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"
