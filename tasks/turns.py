"""Whose turn an announced job is. Every worker hears of each job, and only one of them needs to look for it at once.

If all did, all but one would find nothing: with two workers that was half of all the work. So workers of the same
queues take turns by the job's number. The others look a little later, once for all they heard of meanwhile, in case
the one whose turn it was is busy or gone: the more they are, the later each, so that together they look as often.
"""

from __future__ import annotations

import random
from typing import Final

SHORTEST: Final = 0.005
"""Seconds that the worker whose turn it is has at least, before others look for its job."""
MEAN: Final = 0.03
"""Seconds, about, after which the first of the others looks."""


class Turns:
    """The place of a worker among those of the same queues. The worker's heartbeat corrects it; until then it is alone.

    Read by the event loop, written by the thread of the heartbeat: as one pair, so that no lock is needed.
    """

    def __init__(self) -> None:
        self._place = (0, 1)

    def take_place(self, place: int, workers: int) -> None:
        """Be number `place`, counted from 0, of so many workers."""
        self._place = (place, workers)

    def is_mine(self, job_id: int) -> bool:
        """Tell whether this worker is to look for that job at once."""
        place, workers = self._place
        return job_id % workers == place

    def pause(self) -> float:
        """Return for how many seconds to leave a job to the worker whose turn it is."""
        others = self._place[1] - 1
        return SHORTEST + random.uniform(0, 2 * MEAN * others)  # noqa: S311  no secret
