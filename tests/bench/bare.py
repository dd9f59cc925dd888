"""The floor under a reading operation: an endpoint of FastAPI that sends the service's statements, and nothing else.

It knows no keys, keeps no log, looks at no row and makes no answer: it sends the bytes of a real one. What separates it
from `pgbench` is what the stack itself takes (uvicorn, FastAPI, the driver), so no code of ours can come nearer.

`python -m tests.bench.bare FILE PORT` serves what FILE holds in two processes.
"""

import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from fastapi import FastAPI, Response

from app import server
from app.processes import Processes
from tests.bench.wire import Statement

LOOPBACK = "127.0.0.1"
PROCESSES = 2
CONNECTIONS = 10  # of a process to the database, as many as the service's

_READ: dict[int, Callable[[str], Any]] = {
    2950: UUID,
    1184: datetime.fromisoformat,
    20: int,
    21: int,
    23: int,
    16: lambda word: word == "true",
    2951: lambda words: [UUID(word) for word in json.loads(f"[{words[1:-1]}]")],
    1009: lambda words: json.loads(f"[{words[1:-1]}]"),
}


@dataclass(frozen=True)
class Plan:
    """The statements of a request, how to connect, and the answer."""

    connect: dict[str, Any]
    statements: list[Statement]
    answer: str

    def save(self, path: Path) -> None:
        """Keep it in a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """What a file keeps."""
        kept = json.loads(path.read_text())
        statements = [
            Statement(each["sql"], tuple(each["parameters"]), tuple(each["types"]))
            for each in kept["statements"]
        ]
        return cls(kept["connect"], statements, kept["answer"])


Message = tuple[str, Sequence[Any]]


def messages(statements: Sequence[Statement]) -> list[Message]:
    """What is sent at once, and its parameters: statements without any that follow one another travel together."""
    found: list[Message] = []
    for is_plain, each in groupby(statements, lambda statement: not statement.parameters):
        if is_plain:
            found.append((";".join(statement.sql for statement in each), ()))
        else:
            found += [(statement.sql, _values(statement)) for statement in each]
    return found


def _values(statement: Statement) -> list[Any]:
    pairs = zip(statement.parameters, statement.types, strict=True)
    return [None if word is None else _READ.get(kind, str)(word) for word, kind in pairs]


def create_app(plan: Plan, *, connections: int = CONNECTIONS) -> FastAPI:
    """The application, with so many connections to the database."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            **plan.connect, min_size=connections, max_size=connections, reset=_nothing
        ) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, telemetry={"tracing": False, "metrics": False, "logs": False})
    app.state.is_draining = False
    sent, answer = messages(plan.statements), plan.answer.encode()

    @app.get("/")
    async def read() -> Response:
        async with app.state.pool.acquire() as connection:
            for sql, values in sent:
                if values:
                    await connection.fetch(sql, *values)
                else:
                    await connection.execute(sql)
        return Response(answer, media_type="application/json")

    return app


async def _nothing(_connection: Any) -> None:
    """Nothing is left in a connection whose transaction has ended."""


def serve(path: Path, port: int, _number: int, ready: Callable[[], None]) -> None:
    """Serve in one process."""
    with server.listen(LOOPBACK, port, shared=True) as listener:
        server.run(create_app(Plan.load(path)), listener, drain_seconds=0, ready=ready)


if __name__ == "__main__":
    Processes(partial(serve, Path(sys.argv[1]), int(sys.argv[2])), PROCESSES).run(lambda: None)
