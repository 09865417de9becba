"""Finds processes by words: each word stands in the name of the process's task, or in its failed reason or note.

A condition with an OR across tables leaves PostgreSQL no index to walk. So what fits is told as several conditions,
each of which has one: the words alone in reason and note, and, by which of the words tasks are named with, those tasks
with the remaining words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet

from tasks.labels import label
from tasks.models import Process, Workflow

MOST_WORDS = 50
# So many tasks are looked through one by one, each by its own index. More of them are frequent enough to be met soon.
EACH_ALONE = 12


def words_of(text: str) -> list[str]:
    """Return the words of what somebody typed; none where it holds punctuation only."""
    return [word.casefold() for word in re.findall(r"\w+", text)[:MOST_WORDS]]


def branches(processes: QuerySet[Process], words: list[str]) -> list[QuerySet[Process]]:
    """Return querysets that together hold those of `processes` in which every word is found; they may overlap.

    One query, for the names of the tasks.
    """
    if not words:
        return [processes]
    found = [_with_words(processes, words)]
    for rest, workflows in _named(words).items():
        if rest:
            found.append(_with_words(processes.filter(workflow__in=workflows), list(rest)))
        elif len(workflows) <= EACH_ALONE:
            found += [processes.filter(workflow=workflow) for workflow in workflows]
        else:
            found.append(processes.filter(workflow__in=workflows))
    return found


def condition(words: list[str]) -> Q:
    """Return the same as one condition, for lists whose pages are made elsewhere. It wants the annotation `_text`."""
    fits = Q(_has_text(), _text=_query(words))
    for rest, workflows in _named(words).items():
        fits |= Q(_has_text(), _text=_query(list(rest)), workflow__in=workflows) if rest else Q(workflow__in=workflows)
    return fits


def vector() -> SearchVector:
    """Return what the index `process_by_words` holds."""
    return SearchVector("failed_reason", "note", config="simple")


def _with_words(processes: QuerySet[Process], words: list[str]) -> QuerySet[Process]:
    return processes.annotate(_text=vector()).filter(_has_text(), _text=_query(words))


def _has_text() -> Q:
    """Return the condition of the indexes on words, as they have it."""
    return ~Q(failed_reason="", note="")


def _query(words: list[str]) -> SearchQuery:
    """Ask for words that begin like each of `words`."""
    return SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")


def _named(words: list[str]) -> dict[tuple[str, ...], list[UUID]]:
    """Return the workflows whose names hold some of the words, by the words that they do not hold."""
    found: dict[tuple[str, ...], list[UUID]] = defaultdict(list)
    rows: Any = Workflow.objects.values_list("pk", "name")
    for pk, name in rows:
        text = f"{label(name)} {name}".casefold()
        rest = tuple(word for word in words if word not in text)
        if len(rest) < len(words):
            found[rest].append(pk)
    return dict(found)
