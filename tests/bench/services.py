"""What is measured, each started in processes of its own on a free port of this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from app.cli import serve
from app.postgres import Server
from tests.bench.bare import Plan
from tests.bench.data import Dataset
from tests.bench.desks import SECRET

READY_SECONDS = 60
STOP_SECONDS = 30
HERE = Path(__file__).parent
MULTIPLE = any(option.name == "processes" for option in serve.params)  # whether `serve` can start several


@dataclass(frozen=True)
class Service:
    """A service that answers on a port; `pid` is that of its first process."""

    name: str
    port: int
    pid: int
    processes: int


@contextmanager
def touchbase(
    dataset: Dataset, folder: Path, processes: int, *, profile: Path | None = None
) -> Iterator[Service]:
    """`touchbase serve`, as an operator runs it but without a rate limit. `profile` names where to keep a profile."""
    words = ["-m", "tests.bench.profile", str(profile)] if profile else ["-m", "app"]
    command = [sys.executable, *words, "serve", "--port", "0", "--print-json"]
    if processes > 1:
        command += ["--processes", str(processes)]
    settings = {
        "TOUCHBASE_DATABASE_URL": dataset.url.replace("+asyncpg", ""),
        "TOUCHBASE_SECRET": SECRET,
        "TOUCHBASE_RATE_LIMIT": "off",
    }
    name = f"touchbase x{processes}"
    written = folder / f"touchbase-{dataset.size.name}-{processes}.log"
    with (
        written.open("w") as log,
        _running(command, settings, stderr=log, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline() or "{}")
        if "url" not in ready:
            raise click.ClickException(f"The service did not start; see {written}.")
        yield Service(name, int(ready["url"].rpartition(":")[2]), process.pid, processes)


@contextmanager
def hello(kind: str, folder: Path) -> Iterator[Service]:
    """A bare application of one kind, `asgi` or `fastapi`, on the same uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.hello", kind, str(port)]
    with (folder / f"hello-{kind}.log").open("w") as log, _running(command, {}, stderr=log) as process:
        _wait(port, process)
        yield Service(f"hello {kind}", port, process.pid, 1)


@contextmanager
def bare(plan: Plan, folder: Path) -> Iterator[Service]:
    """The stack without us: an endpoint that sends the statements of a plan, in two processes."""
    port = free_port()
    path = folder / f"bare-{plan.connect['database']}.json"
    plan.save(path)
    command = [sys.executable, "-m", "tests.bench.bare", str(path), str(port)]
    with (folder / "bare.log").open("w") as log, _running(command, {}, stderr=log) as process:
        _wait(port, process)
        yield Service("bare x2", port, process.pid, 2)


@contextmanager
def django(dataset: Dataset, server: Server, python: Path, folder: Path) -> Iterator[Service]:
    """The due list through Django REST Framework, under gunicorn with two workers of some threads."""
    port = free_port()
    settings = {
        "BENCH_DATABASE": dataset.name,
        "BENCH_HOST": str(server.socket_dir),
        "DJANGO_SETTINGS_MODULE": "settings",
    }
    command = [
        str(python.parent / "gunicorn"),
        "wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
    ]
    command += ["--worker-class", "gthread", "--threads", "16", "--keep-alive", "30", "--no-control-socket"]
    with (
        (folder / f"drf-{dataset.size.name}.log").open("w") as log,
        _running(command, settings, stderr=log, cwd=HERE / "drf") as process,
    ):
        _wait(port, process)
        yield Service("drf x2", port, process.pid, 2)


@contextmanager
def _running(
    command: list[str],
    settings: dict[str, str],
    *,
    stderr: IO[str],
    stdout: int = subprocess.DEVNULL,
    cwd: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    kept = {name: word for name, word in os.environ.items() if not name.startswith("TOUCHBASE_")}
    process = subprocess.Popen(
        command,
        env=kept | settings,
        stdout=stdout,
        stderr=stderr,
        text=True,
        cwd=cwd,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait(port: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise click.ClickException(f"{process.args!r} did not start.")
