"""Writes sections of docs/benchmarks.md, and says on which machine and with which versions something was measured."""

from __future__ import annotations

import os
import platform
import re
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.stand import ROOT


def write(section: str, text: str, *, page: str = "benchmarks.md") -> None:
    """Put `text` between the marks of a section of a page in docs/."""
    document = ROOT / "docs" / page
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    before, rest = document.read_text().split(begin)
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")


def conditions() -> str:
    """Say when, where and with what, and how busy the machine is with other things."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync'), "
                       "current_setting('synchronous_commit')")  # fmt: skip
        server, fsync, synchronous = cursor.fetchone()
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "procrastinate", "APScheduler", "psycopg"))
    priority = f"{'raised' if os.nice(0) < 0 else 'lowered'} priority (nice {os.nice(0)}, peers too)"
    nice = f", at {priority}" if os.nice(0) else ""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Measured {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC on {os.cpu_count()} cores ({_processor()}), "
        f"{_memory():.0f} GB of memory, {platform.system()} {platform.release().split('-')[0]}; "
        f"Python {platform.python_version()}, PostgreSQL {server.split()[0]} (fsync {fsync}, synchronous_commit "
        f"{synchronous}) on the same machine, {packages}. Load average when it was written: {load}{nice}."
    )


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else platform.machine()


def _memory() -> float:
    found = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return int(found[1]) / 1e6 if found else 0
