"""The real processes of a test: a PostgreSQL it may stop, freeze and kill, and services over it.

All are ended by their ids, and all their traffic stays on this machine.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]

from app import postgres
from app.migrate import migrate
from app.postgres import guard
from app.postgres.server import DATABASE, OWNER, PORT
from tests.conftest import postgres_bin

START_SECONDS = 60


class Cluster:
    """A PostgreSQL cluster of the test's own. What it acknowledges is on its disk."""

    def __init__(self, folder: Path) -> None:
        """Make it, with a migrated database; `start` starts it."""
        with postgres.running(folder, bin_dir=postgres_bin()) as server:
            migrate(server.url)
            self.server = server
        self.folder = folder
        self._data = folder / "postgres"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, if it does not run, and return once it takes connections.

        One that was killed may still be letting go of its memory, so a start is tried again for a while.
        """
        await until(self._started, START_SECONDS)

    async def stop(self, how: signal.Signals) -> None:
        """End it as a signal to its first process does (SIGINT: fast, SIGQUIT: at once); SIGKILL takes all of it."""
        assert self._process is not None
        for pid in self._all() if how is signal.SIGKILL else [self._process.pid]:
            send(pid, how)
        await self._process.wait()

    def freeze(self) -> None:
        """Stop every process: connections stay, and nobody answers."""
        for pid in self._all():
            send(pid, signal.SIGSTOP)
        for pid in self._all():  # whoever was being born
            send(pid, signal.SIGSTOP)

    async def restore(self) -> None:
        """Let it run again, whatever was done to it."""
        if self._runs():
            for pid in self._all():
                send(pid, signal.SIGCONT)
        await self.start()

    async def end(self) -> None:
        """End it for good."""
        await self.restore()
        await self.stop(signal.SIGINT)

    def kill_session(self) -> None:
        """Kill one process that serves a connection."""
        pid = self.server.query(f"SELECT min(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'")
        send(int(pid), signal.SIGKILL)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """A connection to the database, as its owner."""
        socket_dir = str(self.server.socket_dir)
        connection = await asyncpg.connect(host=socket_dir, port=PORT, user=OWNER, database=DATABASE)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Another session has a table for itself as long as the block lasts."""
        async with self.connected() as owner, owner.transaction():
            await owner.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield

    async def change(self, statements: str) -> None:
        """Change the database as its owner."""
        async with self.connected() as owner:
            await owner.execute(statements)

    async def count(self, condition: str) -> int:
        """How many connections of services PostgreSQL shows in a state."""
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'touchbase'"
        async with self.connected() as owner:
            return int(await owner.fetchval(f"{ours} AND pid <> pg_backend_pid() AND {condition}"))

    def _runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _started(self) -> bool:
        if not self._runs():
            await self._spawn()
        await until(self._has_begun, START_SECONDS)
        return self._runs()

    async def _spawn(self) -> None:
        owner = self._data.stat()
        ids = [str(os.getpid()), str(owner.st_uid), str(owner.st_gid)]
        settings = {"listen_addresses": "", "unix_socket_directories": self.server.socket_dir, "port": PORT}
        command = [sys.executable, "-I", "-S", guard.__file__, *ids, self.server.bin_dir / "postgres"]
        command += [
            "-D",
            self._data,
            *(word for item in settings.items() for word in ("-c", "=".join(map(str, item)))),
        ]
        with (self.folder / "cluster.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *map(str, command), stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/"
            )

    async def _has_begun(self) -> bool:
        """Whether it takes connections, or has failed to."""
        assert self._process is not None
        if not self._runs():
            return True
        try:
            words = (self._data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return words[:1] == [str(self._process.pid)] and words[-1] == "ready"

    def _all(self) -> list[int]:
        """The first process and its children."""
        assert self._process is not None
        first = self._process.pid
        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in table.stdout.splitlines())
        return [first, *(int(pid) for pid, parent in pairs if int(parent) == first)]


class Service:
    """One `touchbase serve`, which the test may freeze, end and kill, and start again at the same address."""

    def __init__(self, folder: Path, *options: str, **settings: object) -> None:
        """`settings` are those of the environment, without their prefix."""
        given = {"rate_limit": "off", **settings}
        self._options = options
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHBASE_")}
        self._environment |= {f"TOUCHBASE_{name.upper()}": str(value) for name, value in given.items()}
        self._log = folder / f"service-{uuid4().hex}.log"
        self._process: asyncio.subprocess.Process | None = None
        self.url = "http://127.0.0.1:0"
        self.api_key = ""

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, if it does not run, and return once it answers."""
        if self.runs:
            return
        port = self.url.rpartition(":")[2]
        process = await self._spawn("serve", "--print-json", "--port", port, *self._options)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        assert line, self._log.read_text()
        ready = json.loads(line)
        self.url, self.api_key = ready["url"], ready["api_key"] or ""

    async def _spawn(self, *words: str) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app", *words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
            )
        return self._process

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it with a signal; its exit code."""
        assert self._process is not None
        if self.runs:
            send(self.pid, how)
        return await asyncio.wait_for(self._process.wait(), START_SECONDS)

    def freeze(self) -> None:
        """Stop it: its connections stay, and it does nothing."""
        send(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        send(self.pid, signal.SIGCONT)

    def complaints(self) -> list[str]:
        """What its log holds that only a bug would write."""
        return [line for line in self._log.read_text().splitlines() if not _is_calm(line)]


class Worker(Service):
    """One `touchbase worker`, which has no address."""

    async def start(self) -> None:
        """Start it, if it does not run."""
        if not self.runs:
            await self._spawn("worker", *self._options)


def _is_calm(line: str) -> bool:
    try:
        return bool(json.loads(line)["level"] != "error")
    except ValueError:
        return not re.search("Traceback|Error|Warning", line)


def send(pid: int, number: signal.Signals) -> None:
    """Send a process a signal, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


async def until(condition: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Wait until something is so; fail if it is not within some seconds."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        await asyncio.sleep(0.02)
