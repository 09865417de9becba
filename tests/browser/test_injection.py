"""Whatever people and devices write, no page takes it for code."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.models import User
from schedules.models import Occurrence, Schedule
from tasks.models import InputState, Process, ProcessStep, Product, StepLog, Subscription, Workflow

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from tests.system import System

HIT = "window.executed=1"
TAGS = [
    "<script>{}</script>", "<ScRiPt>{}</sCrIpT>", "</script><script>{}</script>", "<scr<script>ipt>{}</script>",
    "<img src=x onerror={}>", "<img/src=x/onerror={}>", "<svg onload={}>", "<svg><script>{}</script></svg>",
    "<body onload={}>", "<details open ontoggle={}>", "<input autofocus onfocus={}>", "<video><source onerror={}>",
    "<iframe srcdoc='<script>parent.executed=1</script>'>", "<iframe src='javascript:parent.executed=1'>",
    "<object data='javascript:{}'>", "<embed src='javascript:{}'>", "<math><mtext><script>{}</script></math>",
    "<a href='javascript:{}' autofocus>x</a>", "<form action='javascript:{}'><button autofocus>x</form>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>", "<base href='javascript:{}//'>",
    "<link rel=stylesheet href='data:text/css,*{{}}' onload={}>", "<style onload={}></style>",
    "<div hx-on:load='{}' hx-trigger=load>", "<div hx-get=/seen/ hx-trigger=load hx-on::after-request='{}'>",
    "<div hx-vals='js:{{a: ({})}}' hx-get=/ hx-trigger=load>", "<template shadowrootmode=open><script>{}</script>",
]  # fmt: skip
BREAKOUTS = ["", '"', "'", "-->", "]]>", "</textarea>", "</title>", "</option></select>", "</pre>", "`", "</style>"]
TEXTS = [
    '" autofocus onfocus="{}" x="', "' autofocus onfocus='{}' x='", '"onmouseover={} ', "javascript:{}",
    "';{};//", '";{};//', "`${{{}}}`", "{{{{{}}}}}", "{{% load x %}}{{{{ {} }}}}", "${{{}}}", "#{{{}}}", "<%= {} %>",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e", "&lt;script&gt;{}&lt;/script&gt;", "\u2028<script>{}</script>",
    "\uff1cscript\uff1e{}\uff1c/script\uff1e",
    "<!--<img src=x onerror={}>-->", "%3Cscript%3E{}%3C/script%3E", "\u202e<script>{}</script>",
]  # fmt: skip
CORPUS = [text.format(HIT) for text in TEXTS]
CORPUS += [outer + tag.format(HIT) for tag, outer in zip(TAGS * 2, itertools.cycle(BREAKOUTS), strict=False)]
LOOK = """() => [window.executed, document.querySelectorAll(
    'main script:not([src]):not([type="application/json"]), main [onerror], main [onload], main [onfocus], main iframe,'
    + 'main object, main embed, main base, main [srcdoc], main a[href^="javascript:"]').length]"""


@pytest.fixture
def addresses(system: System) -> list[str]:
    """Pages whose every text is the whole corpus."""
    everything = "\n".join(CORPUS)
    now = timezone.now()
    name = CORPUS[0][:30] + "<img src=x onerror=window.executed=1>"
    task = Workflow.objects.get(name="task_sync_from")
    schedule = Schedule.objects.create(
        name=everything[:255], workflow=task, trigger="cron", trigger_kwargs={"expression": "0 1 * * *"}, system=True,
        next_due_at=now + timedelta(hours=2), tags=[text[:50] for text in CORPUS], paused_reason=everything,
        user_inputs=[{text: text for text in CORPUS}],
    )  # fmt: skip
    due = Occurrence.objects.create(
        schedule=schedule, scheduled_at=now, fired_at=now, outcome="failed", reason="error", detail=everything,
        traceback=everything,
    )  # fmt: skip
    person = User.objects.create_user("someone", first_name=name, last_name=name)
    process = Process.objects.create(
        workflow=task, status="failed", started_at=now, first_run_at=now, last_modified_at=now, note=everything,
        failed_reason=everything, traceback=f'Traceback:\n  File "{name}", line 1, in {name}\n    {everything}',
        created_by=person, schedule_id=schedule.pk, occurrence_id=due.pk, assignee=name[:50],
    )  # fmt: skip
    ProcessStep.objects.create(
        process=process, position=0, name=everything[:200], status="failed", started_at=now, completed_at=now,
        state={**{text: [text, {text: text}] for text in CORPUS}, "error": everything, "traceback": everything},
    )  # fmt: skip
    StepLog.objects.bulk_create(
        StepLog(process=process, position=0, at=now, level="info", message=text) for text in CORPUS
    )
    InputState.objects.create(process=process, input_type="initial", user_inputs=[{text: text for text in CORPUS}])
    product = Product.objects.create(name=name, description=everything)
    subscription = Subscription.objects.create(product=product, description=everything, note=everything)
    return [
        "/", "/processes/", f"/processes/{process.pk}/", "/schedules/", f"/schedules/{schedule.pk}/",
        f"/schedules/{schedule.pk}/edit/", f"/schedules/{schedule.pk}/delete/", "/schedules/week/", "/tasks/",
        "/tasks/task_sync_from/", f"/products/{product.pk}/", f"/subscriptions/{subscription.pk}/", "/accounts/people/",
    ]  # fmt: skip


def test_nothing_that_is_stored_executes(system: System, page: Page, addresses: list[str]) -> None:
    assert len(set(CORPUS)) >= 60
    system.web()
    system.log_in(page, User.objects.create_superuser("noc-operator"))
    dialogs: list[str] = []

    def closed(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", closed)
    found: dict[str, Any] = {}
    for address in [*addresses, "/search/?q=" + CORPUS[-1], "/processes/?text=" + CORPUS[-1]]:
        answer = page.goto(system.url + address, wait_until="load")
        assert answer is not None
        assert answer.status == 200, address
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        executed, elements = page.evaluate(LOOK)
        if executed or elements or dialogs:
            found[address] = (executed, elements, list(dialogs))
    assert not found
