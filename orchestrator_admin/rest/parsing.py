"""Reading JSON from strangers: what cannot be stored is refused here, once, with its place."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser as BaseJSONParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

DEEPEST: Final = 50
LARGEST_INTEGER: Final = 2**63


class TooLarge(APIException):
    """The body has more bytes than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(_("The body is larger than %(size)s bytes.") % {"size": settings.DATA_UPLOAD_MAX_MEMORY_SIZE})


class JSONParser(BaseJSONParser):
    """JSON in UTF-8, as RFC 8259 has it, of bounded size and depth, and storable as it stands."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the value, or raise ParseError saying what is wrong where."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        except RecursionError:
            raise ParseError(_("JSON parse error: nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("JSON parse error: %(error)s") % {"error": error}) from None
        if _anything_wrong(value):
            for place, problem in _problems(value):
                raise ParseError(_("JSON parse error: %(place)s %(problem)s") % {"place": place, "problem": problem})
        return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _anything_wrong(value: Any) -> bool:
    """Tell whether `_problems` has any, without saying where: a body may hold half a million values."""
    level = [value]
    for _depth in range(DEEPEST + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if any(unstorable(key) for key in item):
                    return True
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif unstorable(item):
                return True
        if not below:
            return False
        level = below
    return True


def _problems(value: Any) -> Iterator[tuple[str, str]]:
    """Yield what cannot be stored, with its place; iteratively, since depth is one of the attacks."""
    waiting: list[tuple[str, int, Any]] = [("$", 0, value)]
    while waiting:
        place, depth, item = waiting.pop()
        if depth > DEEPEST:
            yield place[:80], _("is nested too deeply.")
            return
        if isinstance(item, dict):
            for key, inner in item.items():
                if problem := unstorable(key):
                    yield place, problem
                waiting.append((f"{place}.{key}", depth + 1, inner))
        elif isinstance(item, list):
            waiting.extend((f"{place}[{index}]", depth + 1, inner) for index, inner in enumerate(item))
        elif problem := unstorable(item):
            yield place, problem


def unstorable(item: Any) -> str:
    """Return why PostgreSQL, or an integer of Python's or a browser's, would choke on this scalar; "" when fine."""
    if isinstance(item, str):
        if "\x00" in item:
            return _("contains the character NUL.")
        if not item.isascii() and any("\ud800" <= character <= "\udfff" for character in item):
            return _("contains half of a surrogate pair.")
    elif isinstance(item, float):
        return "" if math.isfinite(item) else _("is a number that is too large.")
    elif isinstance(item, int) and not -LARGEST_INTEGER <= item < LARGEST_INTEGER:
        return _("is a number that is too large.")
    return ""
