"""`touchbase serve` as a newcomer starts it: real processes, ended by their ids."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

Json = dict[str, Any]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that an unprivileged PostgreSQL can reach, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-serve-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Json]]:
    """A running service and the line of JSON it printed when it was ready."""
    command = [
        sys.executable,
        "-m",
        "app",
        "serve",
        "--data-dir",
        str(data_dir),
        "--port",
        "0",
        "--print-json",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHBASE_")}
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def call(ready: Json, method: str, path: str, body: Json | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {ready['api_key']}"}
    return httpx.request(method, ready["url"] + path, headers=headers, json=body, trust_env=False)


def test_the_printed_line_is_enough_to_begin(data_dir: Path) -> None:
    with serving(data_dir) as (_, ready):
        assert ready.keys() == {"url", "docs", "api_key"}
        assert call(ready, "GET", "/v1/due").json()["items"] == []
        assert call(ready, "GET", "/docs").status_code == 200
        assert call(ready, "GET", "/docs/swagger-ui-bundle.js").status_code == 200
        assert "# The rules" in call(ready, "GET", "/rules").text
        assert call(ready, "GET", "/readyz").json() == {"status": "ok"}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_nothing_stays_behind(data_dir: Path, ending: signal.Signals) -> None:
    with serving(data_dir) as (process, _):
        process.send_signal(ending)
        assert process.wait(15) == 0
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_what_was_acknowledged_survives_kill_9(data_dir: Path) -> None:
    with serving(data_dir) as (process, first):
        made = call(first, "POST", "/v1/clients", {"name": "Northwind Foods"})
        assert made.status_code == 201
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with serving(data_dir) as (_, second):
        assert second["api_key"] == first["api_key"]
        assert call(second, "GET", f"/v1/clients/{made.json()['id']}").json() == made.json()


def test_the_demo_fills_the_due_list_once(data_dir: Path) -> None:
    for _ in range(2):
        with serving(data_dir, "--demo") as (_, ready):
            cards = call(ready, "GET", "/v1/due?limit=200").json()["items"]
            assert len(cards) > 5
            assert len(call(ready, "GET", "/v1/candidates?limit=200").json()["items"]) == 25


def test_a_taken_port_is_told_in_a_line(data_dir: Path) -> None:
    with serving(data_dir) as (_, ready):
        port = ready["url"].rpartition(":")[2]
        command = [sys.executable, "-m", "app", "serve", "--data-dir", str(data_dir), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
        assert "Traceback" not in done.stderr
