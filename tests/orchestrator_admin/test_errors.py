"""What people and programs are told when something goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.functional import SimpleLazyObject

from orchestrator_admin import errors
from orchestrator_admin.request_log import RequestLogMiddleware
from tests.pages import HTMX, text_of
from tests.people import somebody

pytestmark = pytest.mark.django_db
NUMBERS = [400, 403, 404, 413, 429, 500, 503]


def answer(number: int, path: str = "/anything/", **headers: str) -> HttpResponse:
    """Return what is answered when a request goes wrong in the way that has this number."""
    request = RequestFactory(headers=headers).get(path)
    match number:
        case 413:
            return errors.bad_request(request, RequestDataTooBig())
        case 429:
            return errors.too_many_requests(request)
        case 500 | 503:
            try:
                raise OperationalError if number == 503 else ValueError
            except (OperationalError, ValueError):
                return errors.server_error(request)
        case _:
            views: dict[int, Callable[..., HttpResponse]] = {
                400: errors.bad_request,
                403: errors.permission_denied,
                404: errors.not_found,
            }
            return views[number](request, None)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_page_says_what_happened_and_leads_on_without_the_database(
    number: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        response = answer(number)
    assert response.status_code == number
    shown = text_of(response)
    assert str(errors.WORDS[str(number)][0]) in shown
    assert "To the dashboard" in shown
    assert ("Try again" in shown) == (number == 503)
    assert 'href="/processes/"' in response.content.decode()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_swap_gets_a_note_for_the_place_of_messages(number: int) -> None:
    response = answer(number, **HTMX)
    assert response.status_code == number
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#notes", "innerHTML")
    assert str(errors.WORDS[str(number)][0]) in text_of(response)
    assert b"<html" not in response.content
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_program_gets_problem_details(number: int) -> None:
    response = answer(number, "/api/processes/")
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == response.status_code == number


def test_a_form_that_is_too_old_changes_nothing_and_says_so() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(somebody("oscar", "operator"))
    response = browser.post("/seen/")
    assert response.status_code == 403
    assert "This form is too old." in text_of(response)


def test_the_address_of_a_form_opened_as_a_page_is_explained(client: Client) -> None:
    client.force_login(somebody("oscar", "operator"))
    response = client.get("/seen/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "There is nothing to look at here." in text_of(response)


def test_a_swap_after_the_session_ended_offers_the_login_and_the_way_back(client: Client) -> None:
    here = {"HX-Current-URL": "http://testserver/processes/?status=failed"}
    response = client.get("/processes/", headers=HTMX | here)
    assert response.status_code == 401
    assert "You are logged out." in text_of(response)
    assert "/accounts/login/?next=%2Fprocesses%2F%3Fstatus%3Dfailed" in response.content.decode()


@pytest.mark.parametrize(
    ("referer", "back"),
    [("http://testserver/tasks/?q=a", "%2Ftasks%2F%3Fq%3Da"), ("http://evil.example/x", "%2F"), (None, "%2F")],
)
def test_whoever_has_to_log_in_comes_back_to_the_page_of_the_form(
    client: Client, referer: str | None, back: str
) -> None:
    response = client.post("/seen/", headers={"Referer": referer} if referer else {})
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={back}")
    assert client.get("/processes/")["Location"] == "/accounts/login/?next=/processes/"


def test_too_many_attempts_to_log_in_are_a_page_too(client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    sent = {"login": "nobody", "password": "wrong"}
    answers = [client.post("/accounts/login/", sent) for _ in range(2)]
    assert answers[-1].status_code == 429
    assert "Too many attempts." in text_of(answers[-1])


@pytest.mark.parametrize(("failure", "asked"), [(OperationalError, False), (ValueError, True)])
def test_who_sent_a_request_that_fails_is_not_asked_of_an_absent_database(
    failure: type[Exception], asked: bool
) -> None:
    seen: list[int] = []
    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(lambda: seen.append(1) or somebody("oscar", "operator"))  # type: ignore[assignment]

    def fail() -> None:
        raise failure

    try:
        fail()
    except failure:
        RequestLogMiddleware.bind_user_id(request)
    assert bool(seen) is asked
