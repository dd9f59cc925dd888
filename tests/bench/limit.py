"""The limit: pgbench running the service's own statements, as fast as PostgreSQL answers them."""

import asyncio
import os
import resource
import secrets
import shlex
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from app.db import Database
from app.main import create_app
from app.postgres import Server
from app.settings import Settings
from tests.agency import Json
from tests.bench.data import Dataset, Size
from tests.bench.desks import SECRET, connect
from tests.bench.load import Outcome
from tests.bench.operations import Operation, Target
from tests.bench.scripts import NEW_IDS_END, RecordingsDifferError, Script, reading, writing
from tests.bench.stories import Story
from tests.bench.wire import Recorder, Recording, recorder

PORT = 5432
OWNER = "touchbase_owner"
PLANNED = "plan_cache_mode"  # the one setting that the service makes when it has connected
_NOT_SETTINGS = {"user", "database", "client_encoding"}
SPARE_SECONDS = 60
DRAW_EVERY = 5  # transactions that read; each that writes draws a place of its own


@dataclass
class Listener:
    """The application in this process, behind a recorder, with a client of its own."""

    app: FastAPI
    http: httpx.AsyncClient
    wire: Recorder

    async def settings(self) -> dict[str, str]:
        """What the service's connections are set to, as it connects and afterwards."""
        async with self.app.state.database.pool.connection() as lent:
            [row] = await lent.driver.fetch(f"SHOW {PLANNED}")
        words = {name: value for name, value in self.wire.startup.items() if name not in _NOT_SETTINGS}
        return {**words, PLANNED: row[PLANNED]}

    async def record(self, operation: Operation, target: Target) -> Recording:
        """What the service sends for one request of a caller whom it knows."""
        await self._ask("GET", "/v1/consultants?limit=1", target)
        async with self.wire.listening() as recording:
            await self.ask(operation, target)
        return recording

    async def ask(self, operation: Operation, target: Target) -> str:
        """The answer to one request, unrecorded: the first of its kind prepares its statements."""
        method, path, body = operation.call(target)
        return await self._ask(method, path, target, body)

    async def _ask(self, method: str, path: str, target: Target, body: Json | None = None) -> str:
        headers = {"Authorization": f"Bearer {target.place.api_key}"}
        answer = await self.http.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.text


def parameters(server: Server, dataset: Dataset, settings: dict[str, str]) -> dict[str, Any]:
    """How the driver connects as the service does."""
    host = str(server.socket_dir)
    return {"host": host, "port": PORT, "user": OWNER, "database": dataset.name, "server_settings": settings}


@asynccontextmanager
async def listening(server: Server, database: str) -> AsyncIterator[Listener]:
    """The application on one recorded connection, on which everything has been prepared after its first use."""
    with tempfile.TemporaryDirectory(prefix="tb-wire-") as folder:
        async with recorder(server.socket_dir, PORT, Path(folder)) as wire:
            url = f"postgresql://{OWNER}@/{database}?host={folder}&port={PORT}"
            base = Database(url, pool_size=1)
            app = create_app(base, SECRET, Settings(rate_limit="off"))
            transport = httpx.ASGITransport(app)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://bench") as http:
                    yield Listener(app, http, wire)
            finally:
                await app.state.due_counts.close()
                await base.close()


async def record(
    listener: Listener, operation: Operation, stories: Sequence[Story], dataset: Dataset
) -> tuple[list[Script], list[Recording]]:
    """A script for each story that can be run again, and what was recorded of them all."""
    *_, there, here = dataset.places()
    scripts, recordings = [], []
    for number, story in enumerate(stories):
        # What is written is recorded where the same was written before, or the first of two would find other rows.
        for place in (there, here) if operation.is_write else (there,):
            await listener.ask(operation, Target(place, story))
        first = await listener.record(operation, Target(here, story))
        again = await listener.record(operation, Target(here, story)) if operation.is_write else first
        recordings.append(first)
        with suppress(RecordingsDifferError):
            name = f"s{number}"
            scripts.append(
                writing(name, here, first, again) if operation.is_write else reading(name, here, first)
            )
    return scripts, recordings


@dataclass(frozen=True)
class Pgbench:
    """pgbench on one database, with the settings that the service's connections have."""

    server: Server
    database: str
    size: Size
    settings: dict[str, str]

    @classmethod
    async def like(cls, listener: Listener, server: Server, dataset: Dataset) -> "Pgbench":
        """With the settings of the service's connections."""
        return cls(server, dataset.name, dataset.size, await listener.settings())

    async def run(
        self, scripts: Sequence[Script], connections: int, *, seconds: float, warmup: float, draw_every: int
    ) -> Outcome:
        """Run scripts at random; each connection draws another place every so many transactions."""
        return await asyncio.to_thread(self._run, scripts, connections, seconds, warmup, draw_every)

    async def tidy(self) -> None:
        """Remove the status rows that pgbench wrote.

        Those that it should have deleted before, it could not name, as its ids are new in each transaction. Left there,
        they would be read again and again, and the service would have to delete them all.
        """
        connection = await connect(self.server.url_for(self.database))
        try:
            await connection.execute(f"DELETE FROM reasons WHERE CAST(id AS text) LIKE '%{NEW_IDS_END}'")
        finally:
            await connection.close()

    def _run(
        self, scripts: Sequence[Script], connections: int, seconds: float, warmup: float, draw_every: int
    ) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="tb-pgbench-") as folder:
            used = _used()
            done = subprocess.run(
                self._command(scripts, connections, seconds, draw_every, Path(folder)),
                env={"PGOPTIONS": self._options(), "PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds + SPARE_SECONDS,
            )
            if done.returncode:
                raise RuntimeError(done.stderr)
            logs = "".join(path.read_text() for path in Path(folder).glob("log.*"))
        outcome = _outcome(logs, warmup)
        outcome.cpu_seconds = _used() - used
        return outcome

    def _command(
        self, scripts: Sequence[Script], connections: int, seconds: float, draw_every: int, folder: Path
    ) -> list[str]:
        command = [
            str(self.server.bin_dir / "pgbench"),
            "-n",
            "-M",
            "prepared",
            "-c",
            str(connections),
            "-j",
            "1",
        ]
        command += ["-l", f"--log-prefix={folder / 'log'}"]
        command += ["-T", str(round(seconds))]
        variables: dict[str, object] = {
            "n": -1,
            "agencies": self.size.agencies,
            "copies": self.size.desks,
            "every": draw_every,
            "begun_ms": time.time_ns() // 1_000_000,
            "counted_from": secrets.randbelow(60) * 20_000_000 + 1_000_000,
        }
        for script in scripts:
            path = folder / f"{script.name}.sql"
            path.write_text(script.text)
            command += ["-f", str(path)]
            variables |= {f"n_{script.name}": -1, **script.constants}
        for name, value in variables.items():
            command += ["-D", f"{name}={value}"]
        return [*command, "-h", str(self.server.socket_dir), "-p", str(PORT), "-U", OWNER, self.database]

    def _options(self) -> str:
        return " ".join(f"-c {name}={shlex.quote(value)}" for name, value in self.settings.items())


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _outcome(logs: str, warmup: float) -> Outcome:
    """The log has a line for each transaction: client, number, µs, script, and when it ended."""
    lines = [line.split() for line in logs.splitlines()]
    ended = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    from_ = min(ended) + warmup
    counted = [int(line[2]) / 1e6 for line, at in zip(lines, ended, strict=True) if at >= from_]
    return Outcome(max(ended) - from_, counted, {"200": len(counted)})
