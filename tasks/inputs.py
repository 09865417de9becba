"""The inputs of tasks and of input steps: one form, or several that depend on each other.

A form source is None, a Form class, or a function of the state. The function returns a Form class or is a generator:

    def form(state):
        page = yield FormClass        # the cleaned values, as a mapping with attribute access
        return {"node": page.node}    # what enters the state

The same forms check the web page, the API, the command line and what a schedule stores. Nothing here writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import structlog
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from tasks.exceptions import InvalidInputs
from tasks.forms import FormPage, SecretField, bound, initial_of, posted, storable, strangers
from tasks.secrets import mask
from tasks.values import NotJson, to_json

__all__ = [
    "Answers", "Complete", "FormPage", "Page", "SecretField", "asked", "bound", "complete", "has_form", "initial_of",
    "masked", "next_page", "posted", "stored", "validated",
]  # fmt: skip

logger = structlog.get_logger(__name__)

FormSource = type[forms.Form] | Callable[..., Any] | None
Errors = dict[str, list[str]]
MOST_PAGES: Final = 50
masked = mask


class Answers(dict[str, Any]):
    """The cleaned values of a page: a mapping whose keys are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the page has no field {name!r}") from None


@dataclass(frozen=True)
class Page:
    """A page that is still to be answered."""

    index: int
    form_class: type[forms.Form]
    initial: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return str(getattr(self.form_class, "title", ""))


@dataclass(frozen=True)
class Complete:
    """All pages are answered. `values` enters the state; `inputs` is what was given, as it may be stored."""

    values: dict[str, Any]
    inputs: list[dict[str, Any]]


def has_form(source: FormSource) -> bool:
    """Tell whether somebody is asked for something."""
    return source is not None


def next_page(
    source: FormSource, user_inputs: Sequence[Mapping[str, Any]], *, state: dict[str, Any] | None = None,
    user: Any = None,
) -> Page | Complete:  # fmt: skip
    """Return the first page that `user_inputs` leaves open, or the outcome. Raises InvalidInputs."""
    return _Dialogue(source, user_inputs, state, user).run(ask=True)


def complete(
    source: FormSource, user_inputs: Sequence[Mapping[str, Any]], *, state: dict[str, Any] | None = None,
    user: Any = None,
) -> Complete:  # fmt: skip
    """Return the outcome. A page that is not given has its fields' initial values. Raises InvalidInputs."""
    outcome = _Dialogue(source, user_inputs, state, user).run(ask=False)
    assert isinstance(outcome, Complete)  # noqa: S101  a page is returned only where one may ask
    return outcome


def validated(
    source: FormSource, user_inputs: Sequence[Mapping[str, Any]], *, state: dict[str, Any] | None = None,
    user: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what enters the state, as JSON with secrets encrypted. Raises InvalidInputs."""
    return complete(source, user_inputs, state=state, user=user).values


def stored(
    source: FormSource, user_inputs: Sequence[Mapping[str, Any]], *, state: dict[str, Any] | None = None,
    user: Any = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return `user_inputs` as they may be stored and given again: JSON, secrets encrypted. Raises InvalidInputs."""
    return complete(source, user_inputs, state=state, user=user).inputs


class _Dialogue:
    """One walk through the pages of a form source with the answers at hand."""

    def __init__(self, source: FormSource, user_inputs: Any, state: dict[str, Any] | None, user: Any) -> None:
        self.source, self.user = source, user
        self.state = deepcopy(state or {})
        self.given = _listed(user_inputs)
        self.inputs: list[dict[str, Any]] = []
        self.answers: list[Answers] = []

    def run(self, *, ask: bool) -> Page | Complete:
        """Walk until a page is open (where one may `ask`) or all are done."""
        pages = self._trusting(lambda: _opened(self.source, self.state, self.user))
        if pages is None:
            return self._without_form()
        while True:
            form_class = self._sent(pages)
            if isinstance(form_class, Complete):
                return form_class
            if ask and len(self.inputs) == len(self.given):
                return Page(len(self.inputs), form_class)
            if len(self.inputs) == MOST_PAGES:
                self._refuse(_("The form of this task does not end."))
            self._answer(form_class)

    def _sent(self, pages: Any) -> type[forms.Form] | Complete:
        """Give the answers of the last page to the generator; return the next form class, or the outcome."""
        try:
            form_class = self._trusting(lambda: pages.send(self.answers[-1] if self.answers else None))
        except StopIteration as end:
            return self._finished(end.value)
        if not (isinstance(form_class, type) and issubclass(form_class, forms.Form)):
            self._refuse(_("The form of this task yields something that is no form."))
        return form_class

    def _answer(self, form_class: type[forms.Form]) -> None:
        """Check the next answers against `form_class`, and keep them: cleaned, and as they may be stored."""
        index = len(self.inputs)
        given = self.given[index] if index < len(self.given) else {}
        form = self._trusting(lambda: bound(form_class, given), page=index)
        if form.errors:
            self._refuse(
                {name: [str(message) for message in messages] for name, messages in form.errors.items()}, index
            )
        kept = {
            name: storable(form.fields[name], value, form.cleaned_data[name])
            for name, value in given.items()
            if not form.fields[name].disabled
        }
        self.inputs.append(self._json(kept, index))
        self.answers.append(Answers(form.cleaned_data))

    def _finished(self, returned: Any) -> Complete:
        """Return the outcome: what the generator returned, or all answers together where it returned nothing."""
        if len(self.given) > len(self.inputs):
            self._refuse(_("The form has no such page."))
        if returned is None:
            returned = {name: value for page in self.answers for name, value in page.items()}
        last = max(len(self.inputs) - 1, 0)
        if not isinstance(returned, Mapping):
            self._refuse(_("The form of this task returns something that is no mapping."), last)
        return Complete(self._json(returned, last), self.inputs)

    def _without_form(self) -> Complete:
        """People cannot give inputs where nobody asks for them; code can, and vouches for them."""
        unasked = [{name: [_("This task asks for no inputs.")] for name in strangers(page)} for page in self.given]
        if self.user is not None and any(unasked):
            raise InvalidInputs(unasked)
        inputs = [self._json(page, index) for index, page in enumerate(self.given)]
        return Complete({name: value for page in inputs for name, value in page.items()}, inputs)

    def _json(self, values: Mapping[str, Any], page: int) -> dict[str, Any]:
        try:
            return to_json(values)  # type: ignore[no-any-return]
        except NotJson as error:
            self._refuse({error.path.partition(".")[0] or NON_FIELD_ERRORS: [error.why]}, page)

    def _trusting(self, call: Callable[[], Any], page: int | None = None) -> Any:
        """Call the author's code; what it raises becomes an error of the page, and is logged unless it was meant."""
        page = max(len(self.inputs) - 1, 0) if page is None else page
        try:
            return call()
        except (StopIteration, InvalidInputs):
            raise
        except ValidationError as error:
            self._refuse(error.message_dict if hasattr(error, "error_dict") else error.messages, page)
        except Exception as error:
            logger.exception("input_form_failed", form=getattr(self.source, "__qualname__", str(self.source)))
            message = _("The form of this task failed: %(kind)s: %(error)s")
            self._refuse(message % {"kind": type(error).__name__, "error": error}, page)

    def _refuse(self, problem: Errors | list[str] | str, page: int | None = None) -> NoReturn:
        messages = [problem] if isinstance(problem, str) else problem
        errors: list[Errors] = [{} for _page in range(len(self.inputs) if page is None else page)]
        errors.append(messages if isinstance(messages, dict) else {NON_FIELD_ERRORS: messages})
        raise InvalidInputs(errors)


def asked(source: FormSource, state: dict[str, Any], user: Any) -> Generator[type[forms.Form], Any, Mapping[str, Any]]:
    """Walk through a form source inside another one's: yields its pages, returns what it makes of the answers."""
    pages = _opened(source, state, user)
    answers: dict[str, Any] = {}
    page: Any = None
    while pages is not None:
        try:
            form_class = pages.send(page)
        except StopIteration as end:
            return answers if end.value is None else end.value
        page = yield form_class
        answers |= page
    return answers


def _opened(source: FormSource, state: dict[str, Any], user: Any) -> Any:
    """Return the walk through a source, a generator of form classes; None where nothing is asked."""
    found = _called(source, state, user) if callable(source) and not isinstance(source, type) else source
    return _single(found) if isinstance(found, type) else found


def _called(function: Callable[..., Any], state: dict[str, Any], user: Any) -> Any:
    """Call a source's function with what it asks for by name: `state`, `user`, or values of the state."""
    known = {**state, "state": state, "user": user}
    arguments: dict[str, Any] = {}
    for position, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in known:
            arguments[name] = known[name]
        elif position == 0 and parameter.default is parameter.empty:
            arguments[name] = state  # under a name of the author's choice
    return function(**arguments)


def _single(form_class: type[forms.Form]) -> Generator[type[forms.Form], Any, None]:
    """The walk through a source that is one form."""
    yield form_class


def _listed(user_inputs: Any) -> list[dict[str, Any]]:
    """Return `user_inputs` as a list of mappings. Raises InvalidInputs where it is none."""
    if user_inputs is None:
        return []
    if isinstance(user_inputs, list | tuple) and all(isinstance(page, Mapping) for page in user_inputs):
        return [{str(name): value for name, value in page.items()} for page in user_inputs]
    raise InvalidInputs([{NON_FIELD_ERRORS: [_("Inputs are a list of mappings, one a page.")]}])
