"""The form of a workflow or of an input step, page by page. Pages already answered travel along in a hidden field;
everything is validated again when the last one is sent, so nothing depends on what a browser sends back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest

from tasks import inputs
from tasks.exceptions import InvalidInputs
from tasks.secrets import Secret
from tasks.subjects import page_count

# No field can have these names: they are no Python identifiers.
ANSWERED = "answered-pages"
TURN = "turn-page"


@dataclass
class RunForm:
    """One step of answering: the page to show next, or, when `complete`, all that was answered.

    `more` tells that other pages may follow, so that the button says "Next". Where then none does, `review` asks once
    more: nothing starts that nobody asked to start.
    """

    form: Form | None
    answered: list[dict[str, Any]]
    problem: str = ""
    more: bool = False
    review: bool = False

    @property
    def complete(self) -> bool:
        return self.form is None and not self.review

    @property
    def page_number(self) -> int:
        return len(self.answered) + 1

    @property
    def answered_json(self) -> str:
        return json.dumps(self.answered)


def first_page(
    source: Any, *, state: dict[str, Any] | None, user: Any, prefill: list[Mapping[str, Any]] | None = None
) -> RunForm:
    """Return the first page, with the values of `prefill` (one mapping a page) filled in."""
    return _next(source, [], state=state, user=user, prefill=prefill or [])


def posted_page(source: Any, request: HttpRequest, *, state: dict[str, Any] | None) -> RunForm:
    """Take in the page that was sent: returns it again with its errors, or the next or previous one, or that all is
    complete."""
    answered = _answered(request.POST.get(ANSWERED, ""))
    turn = request.POST.get(TURN, "")
    if turn == "back":
        return _next(source, answered[:-1], state=state, user=request.user, prefill=answered)
    page = inputs.next_page(source, answered, state=state, user=request.user)
    if isinstance(page, inputs.Complete):
        return RunForm(None, answered)
    form = page.form_class(request.POST, initial=page.initial)
    if not form.is_valid():
        return RunForm(form, answered, more=_more(source, answered))
    found = _next(source, [*answered, _given(form, request)], state=state, user=request.user, prefill=[])
    found.review = turn == "next" and found.complete and not found.problem
    return found


def _given(form: Form, request: HttpRequest) -> dict[str, Any]:
    """Return what was typed as JSON that the same form reads again; secrets travel to the next page encrypted."""
    given = inputs.posted(type(form), request.POST)
    for name, value in form.cleaned_data.items():
        if isinstance(value, Secret):
            given[name] = value.to_json()
    return given


def _next(
    source: Any, answered: list[dict[str, Any]], *, state: Any, user: Any, prefill: Sequence[Mapping[str, Any]]
) -> RunForm:
    try:
        page = inputs.next_page(source, answered, state=state, user=user)
    except InvalidInputs as error:
        return RunForm(None, [], str(error))
    if isinstance(page, inputs.Complete):
        return RunForm(None, answered)
    filled = prefill[len(answered)] if len(prefill) > len(answered) else {}
    initial = {**page.initial, **inputs.initial_of(page.form_class, filled)}
    return RunForm(page.form_class(initial=initial), answered, more=_more(source, answered))


def _more(source: Any, answered: list[dict[str, Any]]) -> bool:
    """Tell whether a page may follow the one that comes after those `answered`: the source has more yields."""
    return len(answered) + 1 < page_count(source)


def _answered(text: str) -> list[dict[str, Any]]:
    try:
        pages = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return pages if isinstance(pages, list) and all(isinstance(page, dict) for page in pages) else []
