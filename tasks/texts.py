"""Finds processes by words: each word stands in the name of the process's task, or in its failed reason or note.

A condition with an OR across tables leaves PostgreSQL no index to walk. So what fits is told in several parts, each of
which has one: the words alone in reason and note, and, by which of the words tasks are named with, those tasks with the
remaining words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, Q, QuerySet, Subquery, Value

from orchestrator_admin.paging import Source
from tasks.labels import Labels
from tasks.models import Process, Workflow

MOST_WORDS = 50
# So many tasks are looked through one by one, each by its own index. More of them are frequent enough to be met soon.
EACH_ALONE = 12
LOOKED_THROUGH = 1_000
FURTHEST = 8_000
# Words that so many of those hold are met soon in any list; no more than `RARE` texts hold others.
FREQUENT, RARE = 20, 2_000
Narrower = Callable[[QuerySet[Process]], QuerySet[Process]]


def words_of(text: str) -> list[str]:
    """Return the words of what somebody typed; none where it holds punctuation only."""
    return [word.casefold() for word in re.findall(r"\w+", text)[:MOST_WORDS]]


def branches(
    processes: QuerySet[Process], words: list[str], seen: set[str] | None = None
) -> list[QuerySet[Process] | Source]:
    """Return parts that together hold those of `processes` in which every word is found; they may overlap.

    `seen` names the workflows that those are of, if not all are. One query, for the names of the tasks.
    """
    if not words:
        return [processes]
    asked: dict[datetime, bool] = {}
    found: list[QuerySet[Process] | Source] = [WithWords(processes, words, asked)]
    for rest, workflows in _named(words, seen).items():
        if rest:
            found.append(WithWords(processes.filter(workflow__in=workflows), list(rest), asked))
        elif len(workflows) <= EACH_ALONE:
            found += [processes.filter(workflow=workflow) for workflow in workflows]
        else:
            found.append(processes.filter(workflow__in=workflows))
    return found


def narrowed(processes: QuerySet[Process], words: list[str]) -> QuerySet[Process]:
    """Return the same in one, for lists whose pages are made elsewhere, in whatever order."""
    if not words:
        return processes
    fits = WithWords(Process.objects.all(), words).condition()
    for rest, workflows in _named(words).items():
        of_these = Q(workflow__in=workflows)
        fits |= of_these & WithWords(Process.objects.filter(of_these), list(rest)).condition() if rest else of_these
    return processes.annotate(_text=_walked()).filter(fits)


def vector(*more: Value) -> SearchVector:
    """Return what the index `process_by_words` holds, and `more`."""
    return SearchVector("failed_reason", "note", *more, config="simple")


class WithWords:
    """Those of `processes` in whose reason or note every word stands, for pages.

    Words that are frequent are met soon among the newest texts; the rare ones are found by the index on words, and put
    in order afterwards. PostgreSQL knows no statistics of beginnings of words, so it cannot choose by itself.
    """

    def __init__(
        self, processes: QuerySet[Process], words: list[str], asked: dict[datetime, bool] | None = None
    ) -> None:
        self.asked = {} if asked is None else asked  # what parts of one page need to ask only once
        self.narrowed = bool(processes.query.where)
        self.processes = processes.filter(_has_text())
        self.query = _query(words)

    def newest(self, behind: Narrower, count: int, since: datetime | None = None) -> list[tuple[Any, Any]]:
        """Return moment and key of the newest of those that `behind` leaves, from `since` on. One query to three."""
        if since is not None and self._few(behind, since):
            return self._keys(behind(self.processes).filter(started_at__gte=since), _walked(), F("started_at"), count)
        found = self._lately(behind, count)
        if self.narrowed and 0 < len(found) < count:
            # The index on words would give all texts with them, and most be left out: rather look further back.
            further = 2 * LOOKED_THROUGH * count // len(found)
            found = self._lately(behind, count, further) if further <= FURTHEST else found
        return found if len(found) == count else self._looked_up(behind, count)

    def _few(self, behind: Narrower, since: datetime) -> bool:
        """Tell whether so few texts are from `since` on that all of them may be looked through."""
        found = self.asked.get(since)
        if found is None:
            texts = behind(Process.objects.filter(_has_text())).filter(started_at__gte=since)
            beyond = texts.order_by("-started_at", "-pk").values("pk")[LOOKED_THROUGH : LOOKED_THROUGH + 1]
            found = self.asked[since] = not list(beyond)
        return found

    def condition(self) -> Q:
        """Return what fits as a condition. It wants the annotation `_text` to be what `_walked` returns."""
        if len(self._lately(_everything, FREQUENT)) < FREQUENT:
            found = self._looked_up(_everything, RARE + 1)
            if len(found) <= RARE:
                return Q(pk__in=[pk for _moment, pk in found])
        return Q(_has_text(), _text=self.query)

    def _lately(self, behind: Narrower, count: int, among: int = 0) -> list[tuple[Any, Any]]:
        among = among or LOOKED_THROUGH
        texts = behind(Process.objects.filter(_has_text())).order_by("-started_at", "-pk").values("started_at")
        lately = behind(self.processes).filter(started_at__gte=Subquery(texts[among : among + 1]))
        return self._keys(lately, _walked(), F("started_at"), count)

    def _looked_up(self, behind: Narrower, count: int) -> list[tuple[Any, Any]]:
        # An order that no index has: so that the words are looked up, and not all texts there are walked through.
        return self._keys(behind(self.processes), vector(), F("started_at") + Value(timedelta(0)), count)

    def _keys(self, texts: QuerySet[Process], words: SearchVector, order: Any, count: int) -> list[tuple[Any, Any]]:
        fitting = texts.annotate(_text=words).filter(_text=self.query).alias(_order=order)
        return list(fitting.order_by("-_order", "-pk").values_list("started_at", "pk")[:count])


def _walked() -> SearchVector:
    """Return the same as `vector` in other words: not what the index on words holds, so that it is not taken."""
    return vector(Value(""))


def _everything(processes: QuerySet[Process]) -> QuerySet[Process]:
    return processes


def _has_text() -> Q:
    """Return the condition of the indexes on words, as they have it."""
    return ~Q(failed_reason="", note="")


def _query(words: list[str]) -> SearchQuery:
    """Ask for words that begin like each of `words`."""
    return SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")


def _named(words: list[str], seen: set[str] | None = None) -> dict[tuple[str, ...], list[UUID]]:
    """Return the workflows whose names hold some of the words, by the words that they do not hold."""
    found: dict[tuple[str, ...], list[UUID]] = defaultdict(list)
    rows: Any = Workflow.objects.values_list("pk", "name")
    labels = Labels()
    for pk, name in rows:
        text = f"{labels.label(name)} {name}".casefold()
        rest = tuple(word for word in words if word not in text)
        if len(rest) < len(words) and (seen is None or name in seen):
            found[rest].append(pk)
    return dict(found)
