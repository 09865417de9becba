"""What `bin/quickstart` runs: prepares everything, then keeps web, worker and scheduler running together.

The standard library is all that it needs (and the embedded server, which needs no more), so that it stays small: it
lives as long as its children.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from orchestrator_admin import layout
from orchestrator_admin.embedded.errors import EmbeddedPostgresError
from orchestrator_admin.embedded.server import Server
from orchestrator_admin.supervisor import Child, StopRequested, Supervisor

LOCAL = ("localhost", "127.0.0.1", "::1")
ANY = ("0.0.0.0", "::", "")  # noqa: S104  compared with, not listened on
START_SECONDS = 30


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; end the program with a clear message when they are wrong or the port is taken."""
    parser = argparse.ArgumentParser(
        prog=layout.program("quickstart"),
        description="Start Orchestrator Admin from a fresh clone: a virtual environment in .venv/, a PostgreSQL of its "
        "own in .data/ (unless DATABASE_URL is set), a first administrator, and web, worker and scheduler. "
        "Ctrl-C stops all of them; the next start finds the data again.",
        epilog="Settings come from the environment; README.md lists them.",
    )
    parser.add_argument(
        "--host",
        default=_setting("HOST", "127.0.0.1"),
        help="address to listen on, 0.0.0.0 for all (%(default)s)",
    )
    parser.add_argument("--port", type=int, default=_setting("PORT", "8000"), help="port to listen on (%(default)s)")
    options = parser.parse_args(arguments)
    if not 0 < options.port < 65536:
        parser.error(f"argument --port: {options.port} is not between 1 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        other = options.port + 1 if options.port < 65535 else 8000
        sys.exit(
            f"Cannot listen on {options.host} port {options.port}: {error.strerror}. "
            f"Choose another one: {layout.program('quickstart')} --port {other}"
        )
    return options


def main() -> int:
    """Run until a signal (0) or the end of one of the three (1)."""
    options = parse(sys.argv[1:])
    _set_environment(options)
    lock = _only_one(options)
    supervisor = Supervisor(say)
    server = None if os.environ.get("DATABASE_URL") else Server.of(_data_dir())
    administrator = Administrator()
    try:
        return _run(options, supervisor, server, administrator)
    except StopRequested:
        return 0
    except EmbeddedPostgresError as error:
        say(str(error))
        return 1
    finally:
        supervisor.stop()
        print(administrator.credentials(), end="", flush=True)  # made, and stopped before it could be said
        if server:
            server.leave()
        say("Everything is stopped.")
        lock.close()


class Administrator:
    """The first administrator, whom the preparation makes where there is none, and tells of in any case."""

    def __init__(self) -> None:
        self.told = _data_dir() / f"first-administrator.{os.getpid()}"
        self._password = os.environ.get("ORCHESTRATOR_ADMIN_PASSWORD") or secrets.token_urlsafe(12)
        # Read by the preparation, taken away again after it: no business of the others.
        os.environ["ORCHESTRATOR_ADMIN_PASSWORD"] = self._password

    def credentials(self) -> str:
        """Return what to print about the administrator, the password only of one just made; nothing the second time."""
        os.environ.pop("ORCHESTRATOR_ADMIN_PASSWORD", None)
        with suppress(FileNotFoundError):
            what, username = self.told.read_text().split(maxsplit=1)
            self.told.unlink()
            if what == "made":
                return f"  Username: {username}\n  Password: {self._password}\n"
            return f"  Username: {username}   Password lost? {layout.command('changepassword', username)}\n"
        return ""


def say(text: str) -> None:
    """Tell people what happens now."""
    print(f"· {text}", flush=True)


def _run(
    options: argparse.Namespace, supervisor: Supervisor, server: Server | None, administrator: Administrator
) -> int:
    if server:
        new = not (server.data_dir / "postgres").exists()
        say(f"{'Making' if new else 'Starting'} a PostgreSQL of our own in {server.data_dir}")
        server.ensure_running()
    prepare = [sys.executable, "-m", "orchestrator_admin.prepare", "--administrator", str(administrator.told)]
    if supervisor.run(Child("preparation", prepare)) != 0:
        say("The preparation failed; the lines above say why.")
        return 1
    credentials = administrator.credentials()
    say("Starting web, worker and scheduler")
    web = [sys.executable, "-m", "orchestrator_admin.web", "--host", options.host, "--port", str(options.port)]
    supervisor.start(Child("web", web))
    supervisor.start(Child("worker", [*layout.MANAGE, "runworker"]))
    supervisor.start(Child("scheduler", [*layout.MANAGE, "runscheduler"]))
    up = supervisor.watch(until=_is_up(options))
    print(
        f"\n  Orchestrator Admin runs at {_address(options)}\n" if up else "", credentials, sep="", end="", flush=True
    )
    if up:
        print("  Ctrl-C stops it.\n", flush=True)
        supervisor.watch()
    return 1


def _only_one(options: argparse.Namespace) -> IO[str]:
    """Return a lock on the data directory; end the program where another quickstart holds it, saying which."""
    lock = (_data_dir() / "quickstart.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        sys.exit(
            f"Quickstart runs already, {lock.read() or 'as another process'}, on the data in {_data_dir()}. "
            "Use that one, stop it first, or set ORCHESTRATOR_DATA_DIR to another folder."
        )
    lock.truncate(0)
    print(f"as process {os.getpid()} at {_address(options)}", end="", file=lock, flush=True)
    return lock


def _is_up(options: argparse.Namespace) -> Callable[[], bool]:
    """Return a question for the supervisor: do web, worker and scheduler all do their work?"""
    host = "127.0.0.1" if options.host in ANY else options.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{options.port}/health/?require=worker,scheduler"
    end = time.monotonic() + START_SECONDS

    def is_up() -> bool:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        else:
            return True
        return time.monotonic() > end  # say the address all the same: the log shows what is slow

    return is_up


def _address(options: argparse.Namespace) -> str:
    host = "localhost" if options.host in {*ANY, *LOCAL} else options.host
    return f"http://{f'[{host}]' if ':' in host else host}:{options.port}/"


def _data_dir() -> Path:
    return Path(_setting("ORCHESTRATOR_DATA_DIR", str(layout.HOME / ".data"))).absolute()


def _setting(name: str, default: str) -> str:
    return os.environ.get(name) or default


def _set_environment(options: argparse.Namespace) -> None:
    """Listening beyond this machine means answering to its names, unless ALLOWED_HOSTS says which."""
    os.chdir(layout.HOME)
    _data_dir().mkdir(parents=True, exist_ok=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator_admin.settings"
    if options.host not in LOCAL and not os.environ.get("ALLOWED_HOSTS"):
        names = {"localhost", "127.0.0.1", "[::1]", socket.gethostname(), socket.getfqdn()} | {options.host} - {*ANY}
        with suppress(OSError):
            names |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        os.environ["ALLOWED_HOSTS"] = ",".join(sorted(names))
        say(f"Answering to the names {os.environ['ALLOWED_HOSTS']} (set ALLOWED_HOSTS to change that)")


if __name__ == "__main__":
    sys.exit(main())
