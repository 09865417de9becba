"""Finds where a process continues: by the names of the steps that it has finished, not by their number.

A workflow may be changed while processes of it run. Finished steps that are gone from the definition do not matter.
Everything else has to fit: a step that never ran must not stand before one that did.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.exceptions import DefinitionChanged
from tasks.steps import StepList


def find(steps: StepList, done: Sequence[str], stopped_at: str = "", *, partly_done: bool = False) -> int:
    """Return the index of the next of `steps` after those named in `done`; their number when all are done.

    `stopped_at` names the step that was tried last without a result; `partly_done` tells that parts of it count.
    Raises DefinitionChanged, saying what does not fit.
    """
    names = [step.name for step in steps]
    if names[: len(done)] == list(done):
        index = len(done)
    else:
        kept = [name for name in done if name in names]
        index = len(kept)
        for expected, found in zip(kept, names, strict=False):
            if expected != found:
                raise DefinitionChanged(
                    f"The workflow was changed while this process was under way: the step “{found}” now stands before "
                    f"“{expected}”, which was done already, but has not been done itself. Start the process again."
                )
        if not kept and done:
            raise DefinitionChanged(
                "The workflow was changed while this process was under way: none of the steps that were done is part "
                "of it any more. Start the process again."
            )
    if stopped_at and stopped_at not in names[index:]:
        raise DefinitionChanged(
            f"The workflow was changed while this process was under way: the step “{stopped_at}”, where it stopped, is "
            f"not there any more. Bring the step back and retry, or start the process again."
        )
    if partly_done and stopped_at and names[index] != stopped_at:
        raise DefinitionChanged(
            f"The workflow was changed while this process was under way: the step “{names[index]}” was put before "
            f"“{stopped_at}”, which has begun already. Start the process again."
        )
    return index
