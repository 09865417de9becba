"""Settings, all from the environment, read strictly: a wrong value stops the program with one clear sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from orchestrator_admin import environment as env
from orchestrator_admin import layout
from orchestrator_admin.logging import configure as configure_logging

BASE_DIR = layout.PACKAGE.parent

# web, worker, scheduler or command: set by our own entry points, decides how connections are kept.
ROLE = env.read("ORCHESTRATOR_ROLE", "command", env.one_of("web", "worker", "scheduler", "command"))
DEBUG = env.read("DEBUG", False, env.flag)
LOG_FORMAT = env.read("LOG_FORMAT", "console", env.one_of("console", "json"))
LOG_LEVEL = env.read("LOG_LEVEL", "INFO", env.one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
TIME_ZONE = env.read("TIME_ZONE", "UTC", env.time_zone)
ORCHESTRATOR_DATA_DIR = env.read("ORCHESTRATOR_DATA_DIR", layout.HOME / ".data", Path).absolute()
ORCHESTRATOR_APPS = env.read("ORCHESTRATOR_APPS", [], env.applications)
ORCHESTRATOR_URL = env.read("ORCHESTRATOR_URL", "", env.origin)
ORCHESTRATOR_API_RATE = env.read("ORCHESTRATOR_API_RATE", "100/s", env.rate)
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], env.words)
if ORCHESTRATOR_URL:
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, str(urlsplit(ORCHESTRATOR_URL).hostname)]

ORCHESTRATOR_METRICS_TOKEN = env.read("ORCHESTRATOR_METRICS_TOKEN", "", str)

# How long history is kept, and whether due times wait (or are skipped, with that reason) while the engine is locked.
TASK_LOG_RETENTION_DAYS = env.read("TASK_LOG_RETENTION_DAYS", 3, env.number(1))
OCCURRENCE_RETENTION_DAYS = env.read("OCCURRENCE_RETENTION_DAYS", 90, env.number(1))
ORCHESTRATOR_LOCK_HOLDS_SCHEDULES = env.read("ORCHESTRATOR_LOCK_HOLDS_SCHEDULES", False, env.flag)

# Single sign-on with an OpenID Connect provider. Newcomers get the role; without one only known accounts may log in.
ORCHESTRATOR_OIDC_URL = env.read("ORCHESTRATOR_OIDC_URL", "", env.address)
ORCHESTRATOR_OIDC_CLIENT_ID = env.read("ORCHESTRATOR_OIDC_CLIENT_ID", "", str)
ORCHESTRATOR_OIDC_SECRET = env.read("ORCHESTRATOR_OIDC_SECRET", "", str)
ORCHESTRATOR_OIDC_NAME = env.read("ORCHESTRATOR_OIDC_NAME", "single sign-on", str)
ORCHESTRATOR_OIDC_ROLE = env.read("ORCHESTRATOR_OIDC_ROLE", "", env.one_of("viewer", "operator", "scheduler", "admin"))

# Database. One PostgreSQL for everything. Web: a pool, since each ASGI thread would keep a connection otherwise.
# Worker and scheduler: one connection a thread, with server-side prepared statements.
_database: dict[str, Any] = env.read("DATABASE_URL", {}, env.database) or {
    "ENGINE": "orchestrator_admin.embedded",
    "NAME": "orchestrator",
    "USER": "orchestrator",
    "OPTIONS": {"data_dir": str(ORCHESTRATOR_DATA_DIR)},
}
_is_embedded = _database["ENGINE"] == "orchestrator_admin.embedded"
SECRET_KEY = env.read("SECRET_KEY", "", str)
if not SECRET_KEY:
    if not _is_embedded and not DEBUG:
        env.stop("SECRET_KEY is not set: with DATABASE_URL set, give every process the same long random one.")
    SECRET_KEY = env.kept_secret(ORCHESTRATOR_DATA_DIR)
_options: dict[str, Any] = {
    "application_name": f"orchestrator-{ROLE}",
    # A host that vanishes without a word is noticed within seconds, not after the kernel's quarter of an hour.
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    **_database.get("OPTIONS", {}),
}
if ROLE == "web":
    # While the database is away, pages say so within seconds, and each new request tries again.
    _options["pool"] = {"min_size": 1, "max_size": 20, "timeout": 5, "reconnect_timeout": 3}
elif ROLE in {"worker", "scheduler"}:
    _options["prepare_threshold"] = 3
DATABASES = {
    "default": {
        **_database,
        "OPTIONS": _options,
        "CONN_MAX_AGE": 0 if ROLE == "web" else None,
        "CONN_HEALTH_CHECKS": True,
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
    "accounts.apps.SiteConfig",
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
    "orchestrator_admin.hardening.harden",
    "orchestrator_admin.probes.probe_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "orchestrator_admin.hardening.refuse_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orchestrator_admin.request_log.RequestLogMiddleware",
    "orchestrator_admin.errors.refusals",
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
        "DIRS": [layout.SHIPPED / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.administers",
                "orchestrator_admin.chrome.chrome",
            ],
        },
    }
]

FORM_RENDERER = "orchestrator_admin.widgets.Renderer"

# Language and time. Names of workflows live in gettext files: see locale/.
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English (United Kingdom)")]
LOCALE_PATHS = [layout.SHIPPED / "locale"]
FORMAT_MODULE_PATH = "orchestrator_admin.formats"
USE_I18N = True
USE_TZ = True

# Static files, hashed in production so that a browser may keep them for ever.
STATIC_URL = "static/"
STATIC_ROOT = (ORCHESTRATOR_DATA_DIR if layout.INSTALLED else BASE_DIR) / "staticfiles"
STATICFILES_DIRS = [layout.SHIPPED / "static"]
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
ACCOUNT_FORMS = {"login": "accounts.entrance.LogInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_CHANGE_EMAIL = False
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS = {}
if ORCHESTRATOR_OIDC_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": ORCHESTRATOR_OIDC_NAME,
                "client_id": ORCHESTRATOR_OIDC_CLIENT_ID,
                "secret": ORCHESTRATOR_OIDC_SECRET,
                "settings": {"server_url": ORCHESTRATOR_OIDC_URL},
            }
        ],
    }
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody's address is verified: administrators make accounts
MFA_TOTP_ISSUER = "Orchestrator"
SESSION_COOKIE_AGE = 12 * 3600

# Security. ORCHESTRATOR_URL with https switches on what only makes sense behind TLS.
_https = ORCHESTRATOR_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [ORCHESTRATOR_URL] if ORCHESTRATOR_URL else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_SSL_REDIRECT = _https  # the proxy in front terminates TLS and says so in X-Forwarded-Proto
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "orchestrator_admin.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Logging in through the provider is a form that ends there.
        "form-action": [SELF, *([env.origin_of(ORCHESTRATOR_OIDC_URL)] if ORCHESTRATOR_OIDC_URL else [])],
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
    "DEFAULT_METADATA_CLASS": None,  # the schema describes operations; OPTIONS is refused
    "NUM_PROXIES": 0,  # an address that the client itself claims counts for nothing
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrator",
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
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "docExpansion": "none"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "orchestrator_admin.rest.describing.describe",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Queue. Procrastinate would import each app's module `tasks`, which here is an application. Our jobs need none: workers
# run what a job names by themselves.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""

# Logging: structlog for ours and everybody's; see orchestrator_admin/logging.py.
LOGGING_CONFIG = None
configure_logging(LOG_FORMAT, LOG_LEVEL, ROLE)
