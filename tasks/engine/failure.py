"""What is made of an exception that a step raised: the status, the reason for people, and what is stored of it."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tasks.exceptions import ApiException, InconsistentDataError, ProcessFailureError
from tasks.secrets import mask_text
from tasks.state import dumps, storable_text
from tasks.statuses import ProcessStatus

REASON_LIMIT: Final = 4_000
TRACEBACK_LIMIT: Final = 64_000
DETAILS_LIMIT: Final = 64_000
_HERE: Final = str(Path(__file__).parent.parent)
_ENGINE_FILES: Final = tuple(str(Path(_HERE, name)) for name in ("engine", "injection.py", "steps.py"))
_CONNECTION_TROUBLE: Final = frozenset({
    "ConnectError", "ConnectTimeout", "ConnectionError", "ConnectionTimeout", "MaxRetryError", "NewConnectionError",
    "ClientConnectionError", "ReadTimeout", "ServiceUnavailable",
})  # fmt: skip
_LIBRARIES: Final = ("requests.", "urllib3.", "httpx.", "httpcore.", "aiohttp.", "http.client")


@dataclass(frozen=True)
class Failure:
    """A failed attempt at a step, ready to be stored: masked, and of a size that fits."""

    status: ProcessStatus
    name: str
    reason: str
    traceback: str
    details: Any = None

    @property
    def state(self) -> str:
        """What the step's row holds, as JSON text."""
        held = {"class": self.name, "error": self.reason, "traceback": self.traceback}
        return dumps({**held, "details": self.details} if self.details is not None else held)

    def same_as(self, stored: dict[str, Any]) -> bool:
        """Tell whether `stored`, the state of a failed step's row, describes the same failure."""
        return (stored.get("class"), stored.get("error")) == (self.name, self.reason)


def failure(error: BaseException, *, is_task: bool, secrets: Collection[str] = ()) -> Failure:
    """Describe `error` so that it can always be stored and shown."""
    return Failure(
        status=_status(error, is_task),
        name=type(error).__name__,
        reason=_clean(_text(error) or type(error).__name__, secrets, REASON_LIMIT),
        traceback=_clean(_traceback(error), secrets, TRACEBACK_LIMIT),
        details=_details(error, secrets),
    )


def _status(error: BaseException, is_task: bool) -> ProcessStatus:
    if isinstance(error, InconsistentDataError) or (is_task and isinstance(error, AssertionError)):
        return ProcessStatus.INCONSISTENT_DATA
    if isinstance(error, ApiException | ConnectionError | TimeoutError) or _is_librarys(type(error)):
        return ProcessStatus.API_UNAVAILABLE
    return ProcessStatus.FAILED


def _is_librarys(kind: type[BaseException]) -> bool:
    """Tell whether one of the HTTP libraries means with `kind` that the other side could not be reached."""
    return any(
        each.__name__ in _CONNECTION_TROUBLE and f"{each.__module__}.".startswith(_LIBRARIES) for each in kind.__mro__
    )


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a __str__ that fails must not hide the failure that it should describe
        return ""


def _traceback(error: BaseException) -> str:
    """Return the traceback from the author's code downwards; our own frames above it explain nothing."""
    try:
        told = traceback.TracebackException.from_exception(error, limit=-200, max_group_width=5)
        own = [frame for frame in told.stack if frame.filename.startswith(_ENGINE_FILES)]
        if len(own) < len(told.stack):
            while told.stack and told.stack[0].filename.startswith(_ENGINE_FILES):
                del told.stack[0]
        return "".join(told.format())
    except Exception:
        return f"{type(error).__name__}\n"


def _details(error: BaseException, secrets: Collection[str]) -> Any:
    """Return what the exception carries beside its text, when that can be stored."""
    if isinstance(error, ProcessFailureError):
        found = error.details
    elif isinstance(error, ApiException):
        found = {"status": error.status, "reason": error.reason, "body": error.body}
    else:
        return None
    try:
        text = dumps({"details": found}, secrets)
    except Exception:
        return _clean(repr(found), secrets, REASON_LIMIT)
    if len(text) > DETAILS_LIMIT:
        return _clean(text, secrets, DETAILS_LIMIT)
    return found if not secrets else _masked_copy(text, secrets)


def _masked_copy(text: str, secrets: Collection[str]) -> Any:
    import json

    from tasks.secrets import mask

    return mask(json.loads(text)["details"])


def _clean(text: str, secrets: Collection[str], limit: int) -> str:
    return storable_text(mask_text(text, secrets) if secrets else text, limit)
