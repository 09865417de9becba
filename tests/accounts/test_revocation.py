"""What is taken away through one web process is refused by another, which was using it: at once, or within a second."""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

import pytest

from accounts.models import AuthToken
from tasks.models import Process
from tests.people import PASSWORD, Api, somebody
from tests.system import System, free_port

TASK = "succeeding"
# Grants are everybody's, so each process keeps them, for so long at most (accounts/permissions.py).
IN_FORCE_AFTER = 1.0


class Door:
    """One of the web processes."""

    def __init__(self, system: System) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "orchestrator_admin.web", "--host", "127.0.0.1", "--port", str(port)]
        system.start("web", command)

    def ask(self, method: str, path: str, body: Any = None, token: str = "", opener: Any = None) -> tuple[int, str]:
        """Return status and text of an answer; 0 while nobody answers."""
        headers = {"Authorization": f"Token {token}"} if token else {}
        data = body
        if body is not None and not isinstance(body, bytes):
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with (opener or urllib.request.build_opener()).open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()
        except OSError:
            return 0, ""


class Browser:
    """Somebody's browser, logged in with the form. Its cookies go to every web process, as behind a load balancer."""

    def __init__(self, door: Door, username: str) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        _, form = door.ask("GET", "/accounts/login/", opener=self.opener)
        [key] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[:1]
        fields = {"csrfmiddlewaretoken": key, "login": username, "password": PASSWORD}
        door.ask("POST", "/accounts/login/", urllib.parse.urlencode(fields).encode(), opener=self.opener)

    def is_in(self, door: Door) -> bool:
        status, text = door.ask("GET", "/accounts/tokens/", opener=self.opener)
        assert status == 200
        return 'name="login"' not in text


@pytest.fixture
def doors(system: System) -> tuple[Door, Door]:
    first, second = Door(system), Door(system)
    for door in (first, second):
        system.wait_for(lambda door=door: door.ask("GET", "/health/")[0])  # type: ignore[misc]
    return first, second


def test_what_one_web_process_revokes_another_refuses(doors: tuple[Door, Door]) -> None:
    here, there = doors
    ada = Api(somebody("ada", "admin")).text
    olga, otto, omar = (somebody(name, "operator") for name in ("olga", "otto", "omar"))
    kept, revoked, of_otto, of_omar = Api(olga).text, Api(olga), Api(otto).text, Api(omar).text
    browser = Browser(there, "olga")
    start = {"workflow_name": TASK, "user_inputs": []}

    def by_token(text: str) -> int:
        return there.ask("POST", "/api/processes/", start, text)[0]

    # All of it is in use there.
    assert [by_token(text) for text in (kept, revoked.text, of_otto, of_omar)] == [201] * 4
    assert browser.is_in(there)

    def change(method: str, path: str, body: Any = None, token: str = ada) -> str:
        status, text = here.ask(method, path, body, token)
        assert status in (200, 204), text
        return text

    token = AuthToken.objects.get(token_key=revoked.token.token_key)
    change("DELETE", f"/api/tokens/{token.token_id}/", token=kept)
    assert by_token(revoked.text) == 401
    [session] = json.loads(change("GET", "/api/sessions/", token=kept))["results"]
    change("DELETE", f"/api/sessions/{session['id']}/", token=kept)
    assert not browser.is_in(there)
    change("PATCH", f"/api/people/{otto.pk}/", {"groups": ["viewer"]})
    assert by_token(of_otto) == 403
    change("PATCH", f"/api/people/{omar.pk}/", {"is_active": False})
    assert by_token(of_omar) == 401

    assert by_token(kept) == 201
    change("PUT", f"/api/grants/{TASK}/", {"grants": [{"group": "viewer", "actions": ["see"]}]})
    time.sleep(IN_FORCE_AFTER)  # no condition to wait for: this is the promise, however slow the machine
    assert by_token(kept) == 400  # as for a workflow that there is not
    assert there.ask("GET", f"/api/tasks/{TASK}/", token=kept)[0] == 404
    assert Process.objects.count() == 5
