"""Procrastinate without us: an application with one task that does nothing."""

import os

from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=os.environ.get("BENCH_DSN", "")))


@app.task(name="empty", queue="default")
def empty() -> None:
    """Do nothing, in a thread, as our steps run."""
