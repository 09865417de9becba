"""Makes the virtual environment in .venv/ that bin/quickstart and bin/test run in. Standard library only.

Packages come from the hashed locks in requirements/. A lock that is installed already is not installed again: a copy
of it lies in the environment.
"""

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEWEST_FIRST = ("python3.14", "python3.13", "python3.12", "python3.11")


def require_python():
    """Go on in Python 3.11 or later: this one, or another one of this machine in its place."""
    if sys.version_info >= (3, 11):
        return
    for name in NEWEST_FIRST:
        try:
            os.execvp(name, [name, *sys.argv])
        except OSError:
            continue
    sys.exit("Python 3.11 or later is needed; this is %d.%d." % sys.version_info[:2])


def say(text):
    """Tell people what happens now."""
    print(f"· {text}", flush=True)


def prepare(lock_name):
    """Return the Python of an environment in which requirements/<lock_name>.txt is installed."""
    lock = ROOT / "requirements" / f"{lock_name}.txt"
    try:
        with (ROOT / ".venv.lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            if not _is_installed(lock):
                _install(lock)
    except PermissionError as error:
        sys.exit(f"This user may not write into {ROOT}: {error}. Clone into a folder of your own.")
    return str(PYTHON)


def _stamp(lock):
    return VENV / f"installed-{lock.name}"


def _is_installed(lock):
    stamp = _stamp(lock)
    works = PYTHON.exists() and stamp.exists() and stamp.read_bytes() == lock.read_bytes()
    # Made in a folder of another name or with a Python that is gone: its programs would not start.
    return works and (VENV / "made-in").read_text() == str(VENV)


def _install(lock):
    made_in = VENV / "made-in"
    if not PYTHON.exists() or not made_in.exists() or made_in.read_text() != str(VENV):
        say(f"Making a virtual environment in {VENV}")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Debian and Ubuntu: apt-get install python3-venv.")
        made_in.write_text(str(VENV))
    count = len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE))
    say(f"Installing {count} packages, pinned in {lock.relative_to(ROOT)} (the first time this takes a minute)")
    _run(
        [str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check",
         "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)],
        "Is a package index within reach? pip's own settings (pip config list) say where it looks.",
    )  # fmt: skip
    _stamp(lock).write_bytes(lock.read_bytes())


def _run(command, advice):
    if subprocess.call(command, cwd=str(ROOT)):
        sys.exit(f"That did not work. {advice}")


if __name__ == "__main__":
    require_python()
    prepare(sys.argv[1])
