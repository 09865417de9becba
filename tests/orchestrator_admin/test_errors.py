"""Error pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", [400, 403, 404, 500, 503])
def test_error_pages_say_what_to_do_and_name_the_request(
    client: Client, rf: Any, number: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    from django.db import OperationalError

    from orchestrator_admin import errors

    views: dict[int, Callable[..., Any]] = {
        400: errors.bad_request,
        403: errors.permission_denied,
        404: errors.not_found,
    }
    request = rf.get("/anything/")
    with django_assert_num_queries(0):
        if number in views:
            response = views[number](request, None)
        else:
            try:
                raise OperationalError if number == 503 else ValueError
            except (OperationalError, ValueError):
                response = errors.server_error(request)
    assert response.status_code == number
    assert "To the dashboard" in text_of(response) or "Try again" in text_of(response)
