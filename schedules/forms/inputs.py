"""The inputs of a scheduled task: its own form pages, one below the other, as far as they have been answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.permissions import Person
from tasks.exceptions import InvalidInputs
from tasks.forms import seal
from tasks.inputs import Complete, FormSource, bound, initial_of, next_page, posted
from tasks.subjects import page_count


class InputPages:
    """The pages that are to be shown, and the inputs once all of them are answered.

    A page depends on the answers before it: a page that is missing or wrong is the last one shown. `stored` are the
    inputs of the schedule that is edited: they fill the pages, and a secret that is left empty stays what it was.
    """

    def __init__(
        self,
        source: FormSource,
        data: QueryDict | None,
        *,
        user: Person,
        stored: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.forms: list[forms.Form] = []
        self.user_inputs: list[dict[str, Any]] = []
        self.complete = False
        self.error = ""
        self._at_most = page_count(source)
        try:
            while not self.complete and self._answered_page(source, data, user, stored):
                pass
        except InvalidInputs as error:
            self._place(error)

    @property
    def several(self) -> bool:
        """Whether there is more than one page, or may be: those of a generator show one after the other."""
        return len(self.forms) > 1 or self._at_most > 1

    def _answered_page(
        self, source: FormSource, data: QueryDict | None, user: Person, stored: Sequence[dict[str, Any]]
    ) -> bool:
        """Show the next page; return whether it was answered rightly, so that another may follow."""
        page = next_page(source, self.user_inputs, user=user)
        if isinstance(page, Complete):
            self.complete = True
            return False
        kept = stored[page.index] if page.index < len(stored) else {}
        known = initial_of(page.form_class, kept)
        options: dict[str, Any] = {"initial": {**page.initial, **known}, "prefix": f"inputs-{page.index}"}
        if data is None or f"inputs-{page.index}-shown" not in data:
            self.forms.append(page.form_class(**options))
            return data is None and self._taken_over(page.index, stored)
        answers = posted(page.form_class, data, kept=kept, prefix=options["prefix"])
        form = bound(page.form_class, answers, **options)
        seal(form, answers, kept=kept)
        self.forms.append(form)
        if form.errors:
            return False
        self.user_inputs.append(answers)
        return True

    def _taken_over(self, index: int, stored: Sequence[dict[str, Any]]) -> bool:
        """Go on with what is stored, if it is, so that a schedule that is edited shows all its pages at once."""
        if index >= len(stored):
            return False
        self.user_inputs.append(dict(stored[index]))
        return True

    def _place(self, error: InvalidInputs) -> None:
        """Put what a task's form refused as a whole beside the page that caused it."""
        for index, problems in enumerate(error.errors):
            for name, found in problems.items():
                if index < len(self.forms) and self.forms[index].is_bound:
                    form = self.forms[index]
                    form.add_error(name if name in form.fields else None, found)
                else:
                    self.error = " ".join(found)
