"""Settings, all from the environment, read strictly: a wrong value stops the program with one clear sentence."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from csp.constants import NONCE, NONE, SELF
from environs import Env, EnvError, ValidationError, validate

from orchestrator_admin.logging import configure as configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def _stop(sentence: str) -> None:
    """End the program before anything half-configured can run."""
    sys.exit(f"Configuration error: {sentence}")


def _generated_secret(data_dir: Path) -> str:
    """Return the secret kept in the data directory, making it first where there is none."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def _known_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"there is no time zone {name!r}.")


def _web_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValidationError("must be an address such as https://orchestrator.example.net.")


try:
    # web, worker, scheduler or command: set by our own entry points, decides how connections are kept.
    ROLE = env.str("ORCHESTRATOR_ROLE", "command")
    DEBUG = env.bool("DEBUG", False)
    DATABASE_URL = env.str("DATABASE_URL", "")
    ORCHESTRATOR_DATA_DIR = Path(env.str("ORCHESTRATOR_DATA_DIR", str(BASE_DIR / ".data"))).absolute()
    ORCHESTRATOR_APPS = env.list("ORCHESTRATOR_APPS", [])
    ORCHESTRATOR_URL = env.str("ORCHESTRATOR_URL", "", validate=lambda value: value and _web_address(value)).rstrip("/")
    ORCHESTRATOR_API_RATE = env.str(
        "ORCHESTRATOR_API_RATE", "100/s", validate=validate.Regexp(r"^\d+/[smhd]$", error="must look like 100/s.")
    )
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=_known_time_zone)
    LOG_FORMAT = env.str("LOG_FORMAT", "console", validate=validate.OneOf(["console", "json"]))
    LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]))
    TASK_LOG_RETENTION_DAYS = env.int("TASK_LOG_RETENTION_DAYS", 3, validate=validate.Range(min=1))
    SECRET_KEY = env.str("SECRET_KEY", "")
    _database: dict[str, Any] = dict(env.dj_db_url("DATABASE_URL")) if DATABASE_URL else {}
except EnvError as error:
    _stop(str(error))

if not SECRET_KEY:
    if DATABASE_URL and not DEBUG:
        _stop("SECRET_KEY is not set. With DATABASE_URL set, give every process the same long random SECRET_KEY.")
    SECRET_KEY = _generated_secret(ORCHESTRATOR_DATA_DIR)
if DATABASE_URL and _database["ENGINE"] != "django.db.backends.postgresql":
    _stop("DATABASE_URL must start with postgresql://. PostgreSQL is the only database that this application runs on.")

# Database. One PostgreSQL for everything. Web: a pool, since each ASGI thread would keep a connection otherwise.
# Worker and scheduler: one connection a thread, with server-side prepared statements.
if not DATABASE_URL:
    _database = {
        "ENGINE": "orchestrator_admin.embedded",
        "NAME": "orchestrator",
        "USER": "orchestrator",
        "OPTIONS": {"data_dir": str(ORCHESTRATOR_DATA_DIR)},
    }
_options: dict[str, Any] = {"application_name": f"orchestrator-{ROLE}", **_database.get("OPTIONS", {})}
if ROLE == "web":
    _options["pool"] = {"min_size": 1, "max_size": 20, "timeout": 30}
elif ROLE in {"worker", "scheduler"}:
    _options["prepare_threshold"] = 3
DATABASES = {
    "default": {
        **_database,
        "OPTIONS": _options,
        "CONN_MAX_AGE": 0 if ROLE == "web" else None,
        "CONN_HEALTH_CHECKS": ROLE != "web",
        "TEST": {"NAME": env.str("TEST_DATABASE", "test_orchestrator")},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "orchestrator_cache"}}

# Applications. The user's own come first, so that their templates and translations win.
INSTALLED_APPS = [
    *ORCHESTRATOR_APPS,
    "schedules",
    "tasks",
    "accounts",
    "orchestrator_admin",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "django_apscheduler",
    "django_htmx",
    "django_structlog",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "pgtrigger",
    "pghistory",
    "csp",
]
MIDDLEWARE = [
    "orchestrator_admin.health.health_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "orchestrator_admin.viewer.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.audit.AuditMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "orchestrator_admin.urls"
ASGI_APPLICATION = "orchestrator_admin.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orchestrator_admin.chrome.chrome",
            ],
        },
    }
]

# Language and time. Names of workflows live in gettext files: see locale/.
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English (United Kingdom)")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True

# Static files, hashed in production so that a browser may keep them for ever.
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# People. Sign-up is closed; local accounts, OpenID Connect and one-time codes through allauth.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapters.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
USERSESSIONS_TRACK_ACTIVITY = False

# Security. ORCHESTRATOR_URL with https switches on what only makes sense behind TLS.
_https = ORCHESTRATOR_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [ORCHESTRATOR_URL] if ORCHESTRATOR_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_SSL_REDIRECT = False  # the proxy in front terminates TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Audit: who is behind a change is asked for when it is written; secrets are covered where the trail is shown.
PGHISTORY_JSON_ENCODER = "accounts.audit.Encoder"
AUDIT_COVER = "tasks.secrets.mask"

# API.
KNOX_TOKEN_MODEL = "accounts.AuthToken"  # noqa: S105  the name of a class
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Token"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orchestrator_admin.rest.parsing.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["orchestrator_admin.rest.filters.FilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "orchestrator_admin.rest.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "orchestrator_admin.rest.schema.Schema",
    "EXCEPTION_HANDLER": "orchestrator_admin.rest.problems.exception_handler",
    "NUM_PROXIES": 0,  # an address that the client itself claims counts for nothing
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrator Admin",
    "DESCRIPTION": "Start, watch and schedule network-operations tasks.\n\n"
    "Send `Authorization: Token …` with a token from `manage.py createtoken` or the page API tokens. Lists come in "
    "pages: follow `next`. A refused request is answered with problem details (RFC 9457), the wrong fields under "
    "`errors`; nothing is done then.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ProcessStatus": "tasks.statuses.ProcessStatus",
        "StepStatus": "tasks.statuses.StepStatus",
        "TriggerKind": "schedules.models.TriggerKind",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Queue. Procrastinate would import each app's module `tasks`, which here is an application: name ours instead.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = ["tasks.queue"]

# Logging: structlog for ours and everybody's; see orchestrator_admin/logging.py.
LOGGING_CONFIG = None
configure_logging(LOG_FORMAT, LOG_LEVEL)
