"""What the scheduler's threads know of each other: when the loop last turned, how much it fired, how late."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from schedules.firing import Fired


@dataclass
class State:
    """Written by the loop's thread, read by the others; each field is one value, so no lock is needed."""

    declared: list[str] = field(default_factory=list)
    fired: int = 0
    last_lag: float = 0.0
    turned: float = field(default_factory=time.monotonic)

    def turn(self) -> None:
        """The loop is alive."""
        self.turned = time.monotonic()

    def count(self, fired: Fired) -> None:
        """Add a batch. The lag is that of its latest due time: for how long it waited to be written."""
        self.turn()
        self.fired += fired.occurrences
        if fired.lags:
            self.last_lag = max(fired.lags)

    def seconds_since_turn(self) -> float:
        return time.monotonic() - self.turned
