"""Takes the screenshots of the README from a system that runs: start `bin/quickstart` in a fresh clone, then

    .venv/bin/pip install --require-hashes -r requirements/dev.txt
    .venv/bin/python docs/screenshots/take.py http://localhost:8000 admin PASSWORD

It runs tasks and makes schedules there, so that there is something to see, and needs a Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import APIRequestContext, Browser, Page, sync_playwright

HERE = Path(__file__).parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SCHEDULES = [
    ("Office hours check", "cron", {"expression": "*/15 7-18 * * 1-5", "timezone": "Europe/London"}),
    ("Quarterly audit", "calendarinterval", {"months": 3, "hour": 6, "timezone": "Europe/Amsterdam"}),
    ("Maintenance window", "cron", {"expression": "30 1 * * SUN#1", "timezone": "Europe/London"}),
]
GOING = {"suspended", "resumed", "running"}
INPUTS = [
    {"name": "ams-core-03", "password": "not-to-be-seen", "as_number": "AS64496"},
    {"site": "ams", "fail_once": True, "moment": False},
    {"sure": True},
]


def main(address: str, username: str, password: str) -> None:
    """Fill the system at `address` with something to see, and take each picture in light and dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
        page = _logged_in(browser, address, username, password, "light")
        failed = _fill(page.context.request, address)
        _take(page, address, failed, "")
        _take(_logged_in(browser, address, username, password, "dark"), address, failed, "-dark")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{address}/tasks/")
        page.screenshot(path=HERE / "tasks-narrow.png")


def _logged_in(browser: Browser, address: str, username: str, password: str, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme=scheme, locale="en-GB", timezone_id="Europe/London"
    )  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/")
    return page


def _fill(request: APIRequestContext, address: str) -> str:
    """Run tasks and make schedules; return the id of a process that stopped half-way."""
    token = next(cookie["value"] for cookie in request.storage_state()["cookies"] if cookie["name"] == "csrftoken")
    headers = {"X-CSRFToken": token, "Referer": address}

    def post(path: str, body: object) -> dict[str, str]:
        answer = request.post(f"{address}/api/{path}/", data=body, headers=headers)
        if not answer.ok:
            sys.exit(f"{path}: {answer.status} {answer.text()}")
        return dict(answer.json())

    for name in ("task_validate_products", "task_clean_up_tasks", "task_validate_subscriptions", "task_sync_from"):
        for _ in range(6):
            post("processes", {"workflow_name": name, "user_inputs": [{}]})
    for name, trigger, arguments in SCHEDULES:
        body = {"name": name, "workflow_name": "task_sync_from", "trigger": trigger, "trigger_kwargs": arguments}
        post("schedules", body | {"user_inputs": [{}]})
    process = post("processes", {"workflow_name": "task_showcase", "user_inputs": INPUTS})["process_id"]
    while request.get(f"{address}/api/processes/{process}/?wait=10").json()["status"] != "suspended":
        pass
    post(f"processes/{process}/resume", {"user_inputs": [{"approved": True}]})
    while request.get(f"{address}/api/processes/{process}/?wait=10").json()["status"] in GOING:
        pass
    return process


def _take(page: Page, address: str, process: str, ending: str) -> None:
    pages = {
        "dashboard": "/",
        "tasks": "/tasks/",
        "task": "/tasks/task_sync_from/",
        "processes": "/processes/",
        "process": f"/processes/{process}/",
        "schedules": "/schedules/",
        "week": "/schedules/week/",
        "schedule-form": "/schedules/new/?task=task_sync_from&kind=cron&expression=30+1+*+*+*&timezone=Europe/London",
    }
    for name, path in pages.items():
        page.goto(address + path)
        page.wait_for_load_state()
        for traceback in page.locator("#main details[open] summary").all():
            traceback.click()  # it names folders of the machine
        page.screenshot(path=HERE / f"{name}{ending}.png")


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    sys.exit("No Chromium here. Debian has it in the package chromium.")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
