"""Reads pages of docs/ as a reader does: types their commands, writes their files, compares what comes out.

In a page, `…` in the output of a command stands for anything. Output that says `Error` wants the command to fail. A
`console` block with `#` as its prompt is for root on a host of its own: it is read and not executed.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system import ROOT

DOCS = ROOT / "docs"
FENCE = re.compile(r"^ *```(?P<language>[\w{}-]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^# (?P<add>add to )?(?P<path>\S+\.\w+)\n")
DONE = "·done·"


@dataclass(frozen=True)
class Command:
    """Something to type, and what the page shows behind it ("" for nothing shown)."""

    text: str
    output: str


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def path(self) -> str:
        """The file that the block is, from its first line; "" where it is none."""
        found = FILE.match(self.text)
        return found["path"] if found else ""

    def commands(self) -> Iterator[Command]:
        """Yield what stands behind each `$`; a line that ends with a backslash goes on in the next."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            length = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
            yield Command("\n".join(lines[:length]), "\n".join(lines[length:]))


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(found["language"], found["text"]) for found in FENCE.finditer(page.read_text())]


class Shell:
    """One bash that keeps its folder and variables from command to command."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=env, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def type(self, command: Command, timeout: float = 120) -> str:
        """Type a command; return its output. AssertionError where it does not do what the page says."""
        assert self._bash.stdin
        assert self._bash.stdout
        clock = threading.Timer(timeout, self._bash.kill)
        clock.start()
        self._bash.stdin.write(f"{{ {command.text}\n}} </dev/null; code=$?; echo; echo {DONE} $code\n")
        written = ""
        for line in self._bash.stdout:
            if line.startswith(DONE):
                break
            written += line
        else:
            raise AssertionError(f"No end of {command.text!r} within {timeout} s:\n{written}")
        clock.cancel()
        says_error = "Error" in command.output
        assert (int(line.split()[1]) != 0) == says_error, f"$ {command.text}\n{written}\nended with {line}"
        if command.output:
            assert matches(command.output, written), f"$ {command.text}\n{written}"
        return written

    def type_quietly(self, text: str) -> None:
        """Type what the page takes for granted."""
        self.type(Command(text, ""))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._bash.kill()
        self._bash.communicate()


def write(block: Block, home: Path, base: Path | None = None) -> Path:
    """Write the file that a block is, or add to it; `~` is `home`, other paths are under `base`."""
    found = FILE.match(block.text)
    assert found, f"This block names no file in its first line:\n{block.text}"
    path = found["path"]
    file = home / path[2:] if path.startswith("~/") else (base or home) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    code = block.text[found.end() :]
    file.write_text(f"{file.read_text()}\n\n{code}" if found["add"] else code)
    os.utime(file)
    return file


def matches(shown: str, written: str) -> bool:
    """Tell whether the lines that a page shows were written, in that order; `…` stands for anything."""
    lines = (re.escape(line.strip()) for line in shown.splitlines() if line.strip())
    return bool(re.search(r"\s+".join(lines).replace("…", r"[\s\S]*?"), written))
