"""`touchbase serve --processes`: several processes, as one service to whoever calls it, ends it or watches it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.agency import Json
from tests.contract.problems import problem_of
from tests.serving import call, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PATIENCE = 120


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that an unprivileged PostgreSQL can reach, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-processes-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def members(first: subprocess.Popen[str]) -> set[int]:
    """The processes that serve."""
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
    return {pid for pid, command in commands.items() if "spawn_main" in command}


def answering(ready: Json) -> str:
    """The number of the process that answers a new connection."""
    found = re.search(r'touchbase_requests_in_flight{process="(\d)"} 1', call(ready, "GET", "/metrics").text)
    assert found
    return found[1]


def all_answer(ready: Json) -> bool:
    """Whether either of two processes answers before long."""
    deadline = time.monotonic() + PATIENCE
    heard: set[str] = set()
    while len(heard) < 2 and time.monotonic() < deadline:
        try:
            heard.add(answering(ready))
        except httpx.TransportError:  # it went to the one that was killed
            time.sleep(0.1)
    return heard == {"0", "1"}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_they_serve_one_port_and_end_together(data_dir: Path, ending: signal.Signals) -> None:
    with serving(data_dir, "--processes", "2", drain_seconds=0) as (process, ready):
        assert call(ready, "GET", "/v1/due").json()["items"] == []
        assert all_answer(ready)
        process.send_signal(ending)
        assert process.wait(PATIENCE) == 0
        with pytest.raises(httpx.ConnectError):
            call(ready, "GET", "/livez")


def test_all_of_them_drain(data_dir: Path) -> None:
    with serving(data_dir, "--processes", "2", drain_seconds=300) as (process, ready):
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        for _ in range(4):  # whichever answers
            problem_of(call(ready, "GET", "/readyz"), 503, "draining")
            assert call(ready, "GET", "/v1/due").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_another_takes_the_place_of_one_that_is_killed(data_dir: Path) -> None:
    with serving(data_dir, "--processes", "2", drain_seconds=0) as (process, ready):
        killed, kept = sorted(members(process))
        os.kill(killed, signal.SIGKILL)
        assert all_answer(ready)
        assert kept in members(process)
        assert len(members(process) - {killed}) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_the_others_serve_on_where_a_replacement_cannot_begin(data_dir: Path) -> None:
    with serving(data_dir, "--processes", "2", drain_seconds=0) as (process, ready):
        killed, kept = sorted(members(process))
        os.kill(killed, signal.SIGKILL)
        replacement = newcomer(process, {killed, kept})
        os.kill(replacement, signal.SIGKILL)
        assert newcomer(process, {killed, kept, replacement})
        assert kept in members(process)
        assert all_answer(ready)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def newcomer(first: subprocess.Popen[str], known: set[int]) -> int:
    """The process that takes the place of one that has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for pid in members(first) - known:
            return pid
        time.sleep(0.01)
    pytest.fail("No other process was started.")


def test_none_stays_behind_when_the_first_is_killed(data_dir: Path) -> None:
    with serving(data_dir, "--processes", "2") as (process, ready):
        served = members(process)
        process.kill()
        deadline = time.monotonic() + PATIENCE
        while any(Path(f"/proc/{pid}").exists() for pid in served) and time.monotonic() < deadline:
            time.sleep(0.1)
        with pytest.raises(httpx.ConnectError):
            call(ready, "GET", "/livez")


def test_a_port_that_others_share_is_not_joined(data_dir: Path) -> None:
    with serving(data_dir, "--processes", "2") as (_, ready):
        port = ready["url"].rpartition(":")[2]
        command = [sys.executable, "-m", "app", "serve", "--processes", "2", "--port", port]
        command += ["--data-dir", str(data_dir)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
