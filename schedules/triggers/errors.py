"""What can be wrong with a trigger, said to people, beside the field it concerns."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _


class TriggerError(ValueError):
    """A trigger was refused. `errors` maps field paths (`expression`, `triggers.1.minutes`) to sentences."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(" ".join(sentence for sentences in errors.values() for sentence in sentences))


class SearchLimitReached(RuntimeError):
    """A combined trigger met nowhere within the limits of one search. `searched_to` is how far it looked."""

    def __init__(self, searched_to: datetime) -> None:
        self.searched_to = searched_to
        super().__init__(
            _("No time at which all parts meet was found up to %(until)s UTC.")
            % {"until": f"{searched_to.astimezone(UTC):%Y-%m-%d %H:%M}"}
        )
