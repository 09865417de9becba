"""Strict headers on every answer, whoever gives it; those of the resolver are asked in `test_every_address.py`."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as configured
from django.test import Client

if TYPE_CHECKING:
    from tests.system import System

STRICT = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def lacking(headers: Any) -> list[str]:
    return [name for name, value in STRICT.items() if value not in (headers.get(name) or "")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health/", 503), ("/metrics", 200), ("/nothing/", 404), ("/api/nothing/", 404), ("/tasks", 301),
        ("/tasks/", 302), ("/?x=%00", 400), ("/api/?x=%00", 400), ("/accounts/login/", 200), ("/api/processes/", 401),
        ("/api/", 200), ("/api/schema/", 200), ("/api/docs/", 200), ("/events/", 401), ("/admin/", 302),
    ],
)  # fmt: skip
def test_every_kind_of_answer_is_strict(path: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code == status or path == "/health/"
    assert lacking(answer) == []


def test_so_are_refusals_that_come_before_any_view(settings: Any) -> None:
    assert lacking(Client().get("/", headers={"Host": "evil.example"})) == []
    settings.SECURE_SSL_REDIRECT = True
    redirect = Client().get("/tasks/")
    assert (redirect.status_code, redirect["Location"]) == (301, "https://testserver/tasks/")
    assert lacking(redirect) == []


def test_a_page_that_needs_scripts_allows_its_own_and_no_inline_ones() -> None:
    policy = Client().get("/api/docs/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_files_and_what_is_no_request_get_them_from_a_real_server_too(system: System) -> None:
    system.web()
    static = Path(configured.STATIC_ROOT)
    file = next(path for path in sorted(static.rglob("*.svg")))
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=10)
    for path in (
        f"/static/{file.relative_to(static)}",
        "/static/nothing.js",
        "/health/",
        "/metrics",
        "/%ff",
        "/nothing/",
    ):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert lacking(answer.headers) == [], path
    connection.close()
    with socket.create_connection(("127.0.0.1", system.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        head = raw.makefile("rb").read().decode()
    assert head.startswith("HTTP/1.1 400")
    assert "default-src 'none'" in head
