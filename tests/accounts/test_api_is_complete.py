"""What a page can do, an operation of the API can do: enumerated from the resolver."""

from __future__ import annotations

from tests.accounts.expectations import EXPECTED, addresses, expected

# The operations for what each page takes by POST; a reason where there is none.
OPERATIONS: dict[str, list[str]] = {
    "system/lock/": ["PUT api/status/"],
    "tasks/<str:name>/": ["POST api/processes/", "POST api/tasks/<str:name>/form/"],
    "tasks/<str:name>/run/": ["POST api/processes/"],
    "processes/bulk/": ["POST api/processes/bulk/"],
    "processes/<uuid:process_id>/resume/": [
        "POST api/processes/<uuid:process_id>/resume/", "POST api/processes/<uuid:process_id>/form/",
    ],
    "processes/<uuid:process_id>/note/": ["PATCH api/processes/<uuid:process_id>/"],
    "processes/<uuid:process_id>/<slug:action>/": [
        "POST api/processes/<uuid:process_id>/retry/", "POST api/processes/<uuid:process_id>/abort/",
        "POST api/processes/<uuid:process_id>/start-again/", "DELETE api/processes/<uuid:process_id>/",
    ],
    "schedules/bulk/": ["POST api/schedules/bulk/"],
    "schedules/new/": ["POST api/schedules/"],
    "schedules/preview/": ["POST api/schedules/preview/"],
    "schedules/outage/": ["GET api/schedules/outage/", "POST api/schedules/outage/"],
    "schedules/<uuid:pk>/edit/": ["PATCH api/schedules/<uuid:pk>/"],
    "schedules/<uuid:pk>/delete/": ["DELETE api/schedules/<uuid:pk>/"],
    "schedules/<uuid:pk>/pause/": ["POST api/schedules/<uuid:pk>/pause/"],
    "schedules/<uuid:pk>/resume/": ["POST api/schedules/<uuid:pk>/resume/"],
    "schedules/<uuid:pk>/skip/": ["POST api/schedules/<uuid:pk>/skip-next/"],
    "schedules/<uuid:pk>/run/": ["POST api/schedules/<uuid:pk>/run/"],
    "schedules/<uuid:pk>/restore/": ["POST api/schedules/<uuid:pk>/restore/"],
    "schedules/<uuid:pk>/own/": ["POST api/schedules/<uuid:pk>/take-ownership/"],
    "schedules/<uuid:pk>/revert/": [
        "POST api/schedules/<uuid:pk>/revert/", "GET api/schedules/<uuid:pk>/history/",
    ],
    "accounts/tokens/": ["GET api/tokens/", "POST api/tokens/"],
    "accounts/tokens/<uuid:token_id>/revoke/": ["DELETE api/tokens/<uuid:token_id>/"],
    "accounts/sessions/": ["GET api/sessions/", "DELETE api/sessions/<int:pk>/"],
    "accounts/sessions/<int:pk>/end/": ["DELETE api/sessions/<int:pk>/"],
    "accounts/people/new/": ["POST api/people/"],
    "accounts/people/<int:pk>/": ["PATCH api/people/<int:pk>/"],
    "accounts/groups/new/": ["POST api/groups/"],
    "accounts/groups/<int:pk>/delete/": ["DELETE api/groups/<int:pk>/"],
    "accounts/grants/<str:name>/": ["PUT api/grants/<str:name>/"],
}  # fmt: skip
NOT_FOR_PROGRAMS = {
    "seen/": "what a person has looked at",
    "theme/": "a cookie of the browser",
    # Logging in, passwords and one-time codes belong to people in front of a browser: django-allauth's pages.
    "accounts/login/": "",
    "accounts/logout/": "",
    "accounts/signup/": "",
    "accounts/reauthenticate/": "",
    "accounts/password/change/": "",
    "accounts/password/set/": "",
    "accounts/2fa/authenticate/": "",
    "accounts/2fa/reauthenticate/": "",
    "accounts/2fa/totp/activate/": "",
    "accounts/2fa/recovery-codes/generate/": "",
    "accounts/3rdparty/": "",
    "accounts/social/login/cancelled/": "",
    "accounts/social/login/error/": "",
    "accounts/social/signup/": "",
    "accounts/social/connections/": "",
    "health/": "",
    "metrics": "",
}


def test_every_page_that_takes_something_has_its_operations() -> None:
    takes = {text for text, rules in EXPECTED.items() if "POST" in expected(rules) and not text.startswith("api/")}
    assert takes - OPERATIONS.keys() - NOT_FOR_PROGRAMS.keys() == set()


def test_every_operation_that_is_named_exists() -> None:
    known = set(addresses())
    for page, operations in OPERATIONS.items():
        assert page in known, page
        for operation in operations:
            method, address = operation.split(" ")
            assert address in known, operation
            # What is another's is refused to everybody there: the method is asked for in the tests of that operation.
            assert method in expected(EXPECTED[address]) or not EXPECTED[address], operation
