"""Keeps several processes running as one: all of them run, or none does.

Used by bin/quickstart and bin/wrapper. Signals are taken one at a time by `sigtimedwait`, in the one thread there is,
so that nothing is missed between two looks. Children get SIGTERM when the supervisor itself dies of kill -9.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
WATCHED = {*ENDING, signal.SIGCHLD}
GRACE_SECONDS = 60  # a step that runs is finished first
PR_SET_PDEATHSIG = 1


class StopRequested(Exception):
    """Somebody asked us to stop, by Ctrl-C or SIGTERM."""


@dataclass(frozen=True)
class Child:
    """A command to keep running, and what to call it."""

    name: str
    command: list[str]


class Supervisor:
    """Starts children and watches them. Tells what happens through `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)

    def start(self, child: Child) -> None:
        """Start a child in a session of its own: a terminal's Ctrl-C reaches us alone."""
        self._running[child.name] = subprocess.Popen(
            child.command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_as_child
        )

    def run(self, child: Child) -> int:
        """Run a child to its end and return its exit code."""
        self.start(child)
        while (code := self._running[child.name].poll()) is None:
            self._wait()
        del self._running[child.name]
        return code

    def watch(self, until: Callable[[], bool] | None = None) -> bool:
        """Return True once `until` (asked again and again) is true, False when a child ended. Raises StopRequested."""
        while until is None or not until():
            if dead := self._dead():
                name, code = dead
                how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
                self._say(f"The {name} {how}. The others are stopped too: they start and end together.")
                return False
            self._wait(0.1 if until else 5)
        return True

    def stop(self) -> None:
        """Stop every child: kindly, after GRACE_SECONDS or at a second signal by force."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + GRACE_SECONDS
        told = time.monotonic() + 1
        while alive := [name for name, process in self._running.items() if process.poll() is None]:
            now = time.monotonic()
            if told and now > told:
                self._say(f"Waiting for {' and '.join(alive)} to finish what runs (again Ctrl-C: do not wait)")
                told = 0
            received = signal.sigtimedwait(WATCHED, 0.2)
            if now > end or (received and received.si_signo in ENDING):
                for name in alive:
                    os.killpg(self._running[name].pid, signal.SIGKILL)
        self._running.clear()

    def _dead(self) -> tuple[str, int] | None:
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                return name, code
        return None

    def _wait(self, seconds: float = 5) -> None:
        received = signal.sigtimedwait(WATCHED, seconds)
        if received and received.si_signo in ENDING:
            self._say("Stopping")
            raise StopRequested


def _as_child() -> None:
    """Between fork and exec: take signals again, and ask for SIGTERM when our parent dies."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
