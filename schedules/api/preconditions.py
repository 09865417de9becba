"""ETag and If-Match (RFC 9110): a change that was made without having seen the latest version is refused with 412."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from orchestrator_admin.rest.problems import Problem

if TYPE_CHECKING:
    from rest_framework.request import Request

    from schedules.models import Schedule


def etag(schedule: Schedule) -> str:
    """Return the tag of the schedule as it stands: it changes with each change that people make."""
    return f'"{schedule.version}"'


def expected_version(request: Request, schedule: Schedule) -> int | None:
    """Return the version that the client saw, None when it did not say; refuse when it saw another one than this.

    A weak tag counts, although RFC 9110 has none match here: compressing an answer makes its tag weak, and the tag is
    that of a version, not of bytes.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    if etag(schedule) not in re.findall(r'"[^"]*"', header):
        raise Problem(
            412,
            _("This schedule was changed in the meantime: it is at version %(version)s. Read it again first.")
            % {"version": schedule.version},
        )
    return schedule.version


def unchanged(request: Request, schedule: Schedule) -> bool:
    """Tell whether the client holds this version already (If-None-Match)."""
    return etag(schedule) in re.findall(r'"[^"]*"', request.headers.get("If-None-Match", ""))
