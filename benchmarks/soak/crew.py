"""Keeps the processes of the system running, as a supervisor does, and breaks them at random."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from tests.databases import server
from tests.system import Process, System

WORKERS, SCHEDULERS = 2, 2


class Crew:
    """The processes: `tend` starts again what has ended. Only by the main thread: they die with who started them."""

    def __init__(self, system: System, start_web: Callable[[System], Process]) -> None:
        self.restarted: Counter[str] = Counter()
        self._system = system
        self._starters: list[Callable[[], Process]] = [
            lambda: start_web(system),
            *[lambda: system.worker("--concurrency", "8")] * WORKERS,
            *[system.scheduler] * SCHEDULERS,
        ]
        self.members = [start() for start in self._starters]

    def tend(self) -> None:
        """Start every process that has ended, whatever ended it."""
        for index, member in enumerate(self.members):
            if member.returncode is not None:
                self.restarted[member.name] += 1
                self.members[index] = self._starters[index]()

    def stop(self) -> None:
        """Ask all to end, and wait until they have."""
        for member in self.members:
            member.kill(signal.SIGTERM)
        for member in self.members:
            member.wait(60)

    def wake(self) -> None:
        """Let everything go on that is frozen."""
        for member in self.members:
            member.kill(signal.SIGCONT)


class Faults(threading.Thread):
    """Makes a fault every few seconds until `end`; counts them by kind."""

    def __init__(self, system: System, crew: Crew, dice: random.Random, *, pause: tuple[float, float]) -> None:
        super().__init__(name="faults", daemon=True)
        self.made: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._system, self._crew, self._dice, self._pause = system, crew, dice, pause
        self._ending = threading.Event()
        self._frozen: list[tuple[float, Process]] = []

    def run(self) -> None:
        try:
            while not self._ending.wait(self._dice.uniform(*self._pause)):
                self._thaw()
                fault = self._dice.choices([self._kill, self._freeze, self._cut, self._restart], [5, 3, 3, 1])[0]
                fault()
        except BaseException as error:  # reported by the run
            self.failure = error
        finally:
            self._crew.wake()

    def end(self) -> None:
        """Make no more faults and let everything go on."""
        self._ending.set()
        self.join()

    def _someone(self) -> Process:
        return self._dice.choice(self._crew.members)

    def _kill(self) -> None:
        victim = self._someone()
        victim.kill(signal.SIGKILL)
        self.made[f"kill -9 of {victim.name}"] += 1

    def _freeze(self) -> None:
        victim = self._someone()
        victim.kill(signal.SIGSTOP)
        seconds = self._dice.choice([2, 8, 40])  # longer than a lease lasts
        self._frozen.append((time.monotonic() + seconds, victim))
        self.made[f"SIGSTOP of {victim.name} for {seconds} s"] += 1

    def _thaw(self) -> None:
        now = time.monotonic()
        for until, victim in self._frozen:
            if until <= now:
                victim.kill(signal.SIGCONT)
        self._frozen = [each for each in self._frozen if each[0] > now]

    def _cut(self) -> None:
        whose = self._dice.choice(["orchestrator-worker", "orchestrator-scheduler", "orchestrator-web", "%"])
        try:
            self._system.cut_connections(whose)
        except psycopg.OperationalError:
            return  # the database is being restarted
        self.made[f"connections cut ({'all' if whose == '%' else whose.split('-')[1]})"] += 1

    def _restart(self) -> None:
        mode = self._dice.choice(["fast", "immediate"])
        server().restart(mode=mode)
        self.made[f"database restart, {mode}"] += 1
