"""Whatever happens to one look, everybody who asks gets an answer, and nobody looks twice at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator_admin import findings
from orchestrator_admin.findings import Shared


class Looks:
    """A look that lasts until it is let go, and counts itself."""

    def __init__(self) -> None:
        self.made = 0
        self.let_go = threading.Event()

    def __call__(self) -> str:
        self.made += 1
        assert self.let_go.wait(60)
        return f"look {self.made}"


def test_who_asks_together_shares_one_look_and_later_ones_get_it_for_a_while() -> None:
    look = Looks()
    shared = Shared(look, seconds=3600, otherwise=lambda: "nothing")
    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(shared.get) for _ in range(5)]
        look.let_go.set()
        assert {each.result() for each in asked} == {"look 1"}
    assert shared.get() == "look 1"
    assert look.made == 1


def test_a_look_that_hangs_keeps_nobody_waiting_and_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "DEADLINE_SECONDS", 0.01)
    look = Looks()
    shared = Shared(look, seconds=0, otherwise=lambda: "nothing")
    assert [shared.get(), shared.get()] == ["nothing", "nothing"]
    assert look.made == 1

    monkeypatch.setattr(findings, "DEADLINE_SECONDS", 60)
    look.let_go.set()
    assert shared.get() in {"look 1", "look 2"}


def test_a_look_that_fails_is_told_and_made_anew() -> None:
    answers = iter([ValueError("no"), "yes"])

    def look() -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return str(answer)

    shared = Shared(look, seconds=3600, otherwise=lambda: "nothing")
    with pytest.raises(ValueError, match="no"):
        shared.get()
    assert shared.get() == "yes"
