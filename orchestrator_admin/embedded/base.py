"""Django's PostgreSQL backend, which first makes sure that the embedded server runs. Named by Django's convention."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from orchestrator_admin.embedded.server import Server


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects to the embedded server of `OPTIONS["data_dir"]`, starting it where it does not run."""

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params["host"] = str(Server.of(Path(params.pop("data_dir"))).ensure_running())
        return params
