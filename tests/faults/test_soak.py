"""A short soak: everything at once, under load and random faults, and every guarantee checked afterwards by SQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(4200)
def test_nothing_is_lost_doubled_or_silent_in_a_soak(long_run: bool) -> None:
    """Half a minute of faults, an hour in the long run; on a database server of its own, which it restarts."""
    env = {**os.environ, "ORCHESTRATOR_DATA_DIR": str(settings.ORCHESTRATOR_DATA_DIR), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", "benchmarks", "soak", "--no-write", "--minutes", "60" if long_run else "0.4"]
    soak = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert "0 violations" in soak.stdout
