"""The log lines of requests: django-structlog's, which do not ask an absent database who sent the request."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """Binds id, address and user of each request to its log lines."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Bind the user, unless the request failed for want of the database: people would wait for it a second time."""
        if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
            RequestMiddleware.bind_user_id(request)
