"""The Django project as an application: its templates, commands and pages."""

from django.apps import AppConfig


class OrchestratorAdminConfig(AppConfig):
    name = "orchestrator_admin"
    verbose_name = "Orchestrator Admin"
