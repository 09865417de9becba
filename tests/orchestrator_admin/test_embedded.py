"""The embedded PostgreSQL survives what happens to laptops: kill -9, reboots, odd folders, other users."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from orchestrator_admin.embedded import server as module
from orchestrator_admin.embedded.account import Account
from orchestrator_admin.embedded.errors import EmbeddedPostgresError
from orchestrator_admin.embedded.server import Server

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
USE_UNTIL_EOF = """
import sys
from pathlib import Path
from orchestrator_admin.embedded.server import Server
server = Server.of(Path(sys.argv[1]))
server.ensure_running()
print(server.pid_file.read_text().splitlines()[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(open_folder: Path) -> Path:
    return open_folder


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder / "data")
    yield server
    server.leave()


@pytest.fixture(autouse=True)
def _own_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep clusters of closed folders out of /var/lib during tests."""
    monkeypatch.setattr(module, "OWN_FOLDER", folder / "var-lib")


def query(server: Server, statement: str) -> list[tuple[object, ...]]:
    host = str(server.ensure_running())
    with psycopg.connect(host=host, user="orchestrator", dbname="orchestrator", autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def user_process(data_dir: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server until its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USE_UNTIL_EOF, str(data_dir)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def postmaster(server: Server) -> int:
    return int(server.pid_file.read_text().splitlines()[0])


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


# Sharing


def test_processes_that_start_together_share_one_server_and_the_last_one_stops_it(server: Server) -> None:
    users = [user_process(server.data_dir) for _ in range(4)]
    numbers = {int(user.stdout.readline()) for user in users}  # type: ignore[union-attr]

    assert len(numbers) == 1
    for user in users:
        assert all(is_alive(number) for number in numbers)
        user.communicate("")
    assert not any(is_alive(number) for number in numbers)


def test_users_may_die_of_kill_9_and_the_last_one_alive_still_stops_the_server(server: Server) -> None:
    killed, survivor = user_process(server.data_dir), user_process(server.data_dir)
    for user in (killed, survivor):
        number = int(user.stdout.readline())  # type: ignore[union-attr]
    killed.kill()
    killed.communicate()

    assert query(server, "SELECT 1") == [(1,)]
    server.leave()
    assert is_alive(number)
    survivor.communicate("")
    assert not is_alive(number)


def test_a_server_whose_users_were_all_killed_is_found_and_used_by_the_next_one(server: Server) -> None:
    user = user_process(server.data_dir)
    number = int(user.stdout.readline())  # type: ignore[union-attr]
    user.kill()
    user.communicate()

    server.ensure_running()
    assert postmaster(server) == number
    server.leave()
    assert not is_alive(number)


def test_a_forked_child_does_not_share_the_lock_of_its_parent(server: Server) -> None:
    server.ensure_running()
    number = postmaster(server)
    parent_may_leave, child_may_leave = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:  # joins by itself; its parent's leaving must not stop the server under it
        server.ensure_running()
        os.write(parent_may_leave[1], b"x")
        os.read(child_may_leave[0], 1)
        server.leave()
        os._exit(0)
    os.read(parent_may_leave[0], 1)
    server.leave()
    assert is_alive(number)
    os.write(child_may_leave[1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    for end in (*parent_may_leave, *child_may_leave):
        os.close(end)
    assert not is_alive(number)


# Crashes


def test_a_killed_server_is_started_again_by_the_process_that_used_it_with_what_was_committed(server: Server) -> None:
    query(server, "CREATE TABLE kept AS SELECT 7 AS n")
    killed = postmaster(server)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not is_alive(killed))

    assert query(server, "SELECT n FROM kept") == [(7,)]
    assert postmaster(server) != killed


def test_after_a_reboot_the_recorded_number_may_be_a_strangers(server: Server) -> None:
    query(server, "CREATE TABLE kept AS SELECT 7 AS n")
    killed = postmaster(server)
    os.kill(killed, signal.SIGKILL)
    account = Account.for_cluster(server.pid_file.parent)
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **account.process_options)
    lines = server.pid_file.read_text().splitlines(keepends=True)
    wait_for(lambda: not is_alive(killed))
    server.pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))

    assert query(server, "SELECT n FROM kept") == [(7,)]
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_cluster_whose_making_was_cut_off_is_made_again(server: Server) -> None:
    user = subprocess.Popen(
        [sys.executable, "-c", USE_UNTIL_EOF, str(server.data_dir)], cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    half_made = server.data_dir / "postgres.partial" / "PG_VERSION"
    wait_for(half_made.exists)
    user.kill()
    user.wait()
    assert not server.pid_file.parent.exists()

    assert query(server, "SELECT 1") == [(1,)]
    assert not half_made.parent.exists()


def test_a_restart_brings_everything_back(server: Server) -> None:
    query(server, "CREATE TABLE kept AS SELECT 7 AS n")
    for mode in ("fast", "immediate"):
        server.restart(mode=mode)
        assert query(server, "SELECT n FROM kept") == [(7,)]


# Folders


@pytest.mark.parametrize(
    "name",
    ["with spaces", 'it\'s, "quoted"; $HOME `id` & ünïcode', "/".join(["a-rather-long-name-of-a-folder"] * 6)],
    ids=["spaces", "specials", "long"],
)
def test_any_name_of_a_folder_will_do(folder: Path, name: str) -> None:
    server = Server(folder / name)
    assert query(server, "SELECT 1") == [(1,)]
    again = Server(folder / name)
    assert again.ensure_running() == server.socket_dir
    again.leave()
    socket = server.socket_dir
    server.restart(mode="immediate", settings={"max_connections": "33"})
    assert query(server, "SHOW max_connections") == [("33",)]
    server.leave()
    # A folder that was made for the socket alone, where the data's own has too long a name, goes with the server.
    assert socket == server.pid_file.parent.with_name("run") or not socket.exists()


def test_data_of_another_major_version_are_left_alone_with_a_clear_message(server: Server) -> None:
    server.ensure_running()
    server.leave()
    (server.pid_file.parent / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedPostgresError, match=r"belong to PostgreSQL 17; this release runs PostgreSQL 18"):
        server.ensure_running()


def test_a_command_says_in_one_line_why_its_database_cannot_run(folder: Path) -> None:
    cluster = folder / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")
    env = {"PATH": os.environ["PATH"], "ORCHESTRATOR_DATA_DIR": str(folder / "data")}
    if AS_ROOT:
        os.chown(cluster, Account.for_cluster(folder / "none").uid, -1)

    result = subprocess.run(
        [sys.executable, "manage.py", "migrate"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "belong to PostgreSQL 16" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_link_to_data_that_are_gone_is_not_taken_for_an_empty_database(server: Server) -> None:
    server.data_dir.mkdir()
    (server.data_dir / "postgres").symlink_to(server.data_dir / "gone")

    with pytest.raises(EmbeddedPostgresError, match=r"which is gone"):
        server.ensure_running()


def test_a_file_in_the_way_is_a_clear_message(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="cannot use"):
        Server(folder / "file" / "data").ensure_running()


if AS_ROOT:

    def test_under_a_folder_closed_to_others_root_keeps_the_data_elsewhere_and_widens_nothing(folder: Path) -> None:
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        server = Server(closed / "data")
        query(server, "CREATE TABLE kept AS SELECT 7 AS n")

        assert closed.stat().st_mode & 0o777 == 0o700
        assert module.OWN_FOLDER in server.pid_file.parents
        server.leave()
        moved = closed.rename(folder / "renamed")
        moved.chmod(0o755)  # reachable now: the data stay where they are
        again = Server(moved / "data")
        assert query(again, "SELECT n FROM kept") == [(7,)]
        again.leave()

    def test_two_closed_folders_in_turn_at_one_place_do_not_share_data(folder: Path) -> None:
        closed = folder / "closed"
        for _ in range(2):
            closed.mkdir(mode=0o700)
            server = Server(closed / "data")
            query(server, "CREATE TABLE mine AS SELECT 1")
            server.leave()
            subprocess.run(["rm", "-rf", str(closed)], check=True)

    def test_root_runs_the_server_of_another_user_as_that_user_and_does_not_lock_them_out(folder: Path) -> None:
        server = Server(folder / "data")
        server.ensure_running()
        server.leave()
        daemon = 1
        subprocess.run(["chown", "-R", str(daemon), str(server.data_dir)], check=True)

        assert query(server, "SELECT 1") == [(1,)]
        assert Path(f"/proc/{postmaster(server)}").stat().st_uid == daemon
        server.leave()
        assert {path.stat().st_uid for path in server.data_dir.glob("*.lock")} == {daemon}

    def test_data_that_their_owner_can_no_longer_reach_are_a_clear_message(folder: Path) -> None:
        server = Server(folder / "data")
        server.ensure_running()
        server.leave()
        folder.chmod(0o700)

        with pytest.raises(EmbeddedPostgresError, match="can no longer reach"):
            server.ensure_running()

    def test_a_narrow_umask_of_root_is_no_obstacle(folder: Path) -> None:
        before = os.umask(0o077)
        try:
            server = Server(folder / "data")
            assert query(server, "SELECT 1") == [(1,)]
            server.leave()
        finally:
            os.umask(before)
