"""Every environment variable that the product reads, and what it means. docs/reference/settings.md is made from this.

`settings.py` and `environment.py` read most of them; the start programs (web, quickstart) the last group.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """A variable, the value that stands for it when it is unset, and its meaning."""

    name: str
    default: str
    meaning: str


GROUPS: dict[str, tuple[Variable, ...]] = {
    "What every process needs": (
        Variable("DATABASE_URL", "an embedded PostgreSQL", "`postgresql://user:password@host:5432/name`."),
        Variable("SECRET_KEY", "generated when embedded", "Long, random, the same for all processes. Signs sessions, "
                 "encrypts secret inputs: whoever loses it loses those."),
        Variable("ORCHESTRATOR_DATA_DIR", "`.data`", "Folder of the embedded database and its secret key."),
        Variable("ORCHESTRATOR_APPS", "", "Django applications with your tasks and schedules, commas in between. "
                 "Python must find them: install them, or name their folder in `PYTHONPATH`."),
        Variable("TIME_ZONE", "`UTC`", "Zone of new schedules, and of pages until the browser has said its own."),
    ),
    "The web process": (
        Variable("ORCHESTRATOR_URL", "", "Address of the pages, such as `https://orchestrator.example.net`: base of "
                 "absolute links and trusted origin. https switches on Secure cookies and HSTS."),
        Variable("ALLOWED_HOSTS", "`localhost,127.0.0.1,[::1]`", "Names that it answers to, besides that of "
                 "`ORCHESTRATOR_URL`."),
        Variable("ORCHESTRATOR_API_RATE", "`100/s`", "Requests that a token may make in a second (`s`), minute (`m`), "
                 "hour (`h`) or day (`d`)."),
        Variable("ORCHESTRATOR_METRICS_TOKEN", "", "Bearer token that `/metrics` asks for."),
        Variable("HOST", "`127.0.0.1`", "Address that `bin/server` and `bin/quickstart` listen on."),
        Variable("PORT", "`8000`", "Port that they listen on."),
        Variable("WEB_CONCURRENCY", "`1`", "Web processes on that port."),
        Variable("FORWARDED_ALLOW_IPS", "", "Address of the proxy in front, whose `X-Forwarded-For` is believed."),
    ),
    "Logs": (
        Variable("LOG_FORMAT", "`console`", "`console` for people, `json` for one object a line."),
        Variable("LOG_LEVEL", "`INFO`", "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`."),
        Variable("DEBUG", "off", "Django's error pages. For development only."),
    ),
    "Schedules and history": (
        Variable("ORCHESTRATOR_LOCK_HOLDS_SCHEDULES", "off", "While the engine is locked due times wait, instead of "
                 "being recorded as skipped."),
        Variable("TASK_LOG_RETENTION_DAYS", "`3`", "Days that finished tasks are kept."),
        Variable("OCCURRENCE_RETENTION_DAYS", "`90`", "Days that past due times are kept."),
    ),
    "Single sign-on": (
        Variable("ORCHESTRATOR_OIDC_URL", "", "Address of the OpenID Connect provider. Without it there is none."),
        Variable("ORCHESTRATOR_OIDC_CLIENT_ID", "", "What the provider knows this system as."),
        Variable("ORCHESTRATOR_OIDC_SECRET", "", "Its secret there."),
        Variable("ORCHESTRATOR_OIDC_NAME", "`single sign-on`", "Name on the log-in page."),
        Variable("ORCHESTRATOR_OIDC_ROLE", "", "Role of newcomers: `viewer`, `operator`, `scheduler` or `admin`. "
                 "Without it only known accounts may log in."),
    ),
    "The first start": (
        Variable("ORCHESTRATOR_ADMIN_USERNAME", "`admin`", "First administrator, whom quickstart makes."),
        Variable("ORCHESTRATOR_ADMIN_PASSWORD", "generated, printed once", "Password of that account."),
    ),
}  # fmt: skip
