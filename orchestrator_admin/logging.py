"""structlog for our own log events and everybody else's: a console for people, one JSON object a line for machines."""

from __future__ import annotations

import logging.config
import sys
import threading
from types import TracebackType
from typing import Any

import structlog

from orchestrator_admin.redaction import cover_rendered

# They say at INFO what they do all day long; LOG_LEVEL=DEBUG shows it.
TALKATIVE = ("procrastinate", "apscheduler", "uvicorn.access", "asyncio")


def configure(log_format: str, level: str, role: str) -> None:
    """Send every log event to standard error as `console` or `json` text, from `level` upwards.

    Local variables never enter a traceback here: they hold what people typed into forms, passwords included.
    """
    shared = _said_of_every_event(role)
    logging.config.dictConfig(_handling(log_format, level, shared))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if log_format == "json":
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread


def _said_of_every_event(role: str) -> list[Any]:
    """Return what adds context, level, logger, time and role to an event, whoever logs it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Role(role),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
    ]


def _handling(log_format: str, level: str, shared: list[Any]) -> dict[str, Any]:
    """Return what the standard library's `logging` does with events, ours and everybody else's."""
    quiet = "INFO" if level == "DEBUG" else max(level, "WARNING", key=logging.getLevelName)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format), cover_rendered,
        ],
        "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), _without_colours, *shared],
    }  # fmt: skip
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structlog": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": quiet} for name in TALKATIVE},
            # A warning for every page that is closed while it follows something live; real failures are errors.
            "django_structlog": {"level": "INFO" if level == "DEBUG" else "ERROR"},
            # Anybody can send a Host that is not ours, and nothing of ours is wrong then.
            "django.security.DisallowedHost": {"filters": ["passing"]},
        },
        "filters": {"passing": {"()": lambda: _no_fault_of_ours}},
    }


def _rendering(log_format: str) -> list[Any]:
    """Return what makes text of an event."""
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=False)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


class _Role:
    """Says in each event which kind of process it comes from (web, worker or scheduler), and of nobody nothing."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        if self._role != "command":
            event.setdefault("role", self._role)
        if event.get("user_id", "") is None:  # bound to every request, also to those that come with a token
            del event["user_id"]
        return event


def _no_fault_of_ours(record: logging.LogRecord) -> bool:
    """Make one line of a warning of what Django calls an error and shows with a traceback."""
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.exc_info = record.exc_text = None
    return logging.getLogger().isEnabledFor(logging.WARNING)


def _without_colours(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Drop uvicorn's second copy of its messages, written for terminals."""
    event.pop("color_message", None)
    return event


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Write what ends a program as one JSON object too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        logging.getLogger("orchestrator_admin").critical("uncaught_exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None:
        _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)
