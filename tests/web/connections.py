"""Connections over real sockets to an application that a test serves, with timeouts as short as it likes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from app.web.protocol import Protocol

PATIENCE = 20  # seconds after which a test gives up
SMALL = 16_384  # what the system keeps of what is sent and not read


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """The problem it holds; fails unless it is this one in the shape of all (H1, H5)."""
        assert self.status == status, self
        assert self.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = json.loads(self.body)
        assert set(body) == {"type", "title", "status", "detail", "instance", "code", "request_id"}
        assert (body["status"], body["code"]) == (status, code)
        assert body["request_id"] == self.headers["x-request-id"]
        assert self.headers["x-content-type-options"] == "nosniff"
        assert self.headers["cache-control"] == "no-store"
        return body


@dataclass
class Connection:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes, as far as the other side takes them."""
        self.writer.write(data)
        await self.writer.drain()

    def end_sending(self) -> None:
        """Say that nothing more comes, and go on listening."""
        self.writer.write_eof()

    async def drip(self, data: bytes, seconds: float) -> None:
        """Send again and again, with a pause each time, until the connection is closed."""
        try:
            while not self.reader.at_eof():
                await self.send(data)
                await asyncio.sleep(seconds)
        except ConnectionError:
            pass

    async def answer(self) -> Answer:
        """The next answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def end(self) -> bytes:
        """What else comes before the other side closes."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@dataclass
class Served:
    """An application that listens."""

    host: str
    port: int
    state: ServerState

    async def emptied(self) -> None:
        """Wait until there is no connection and nothing under way."""
        async with asyncio.timeout(PATIENCE):
            while self.state.connections or self.state.tasks:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A new connection."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.connect((self.host, self.port))
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            yield Connection(reader, writer)
        finally:
            writer.transport.abort()


@asynccontextmanager
async def served(app: ASGIApp, **seconds: float) -> AsyncIterator[Served]:
    """The application on a free port, its protocol with other timeouts than usual."""
    protocol = type("Hasty", (Protocol,), seconds)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=2,
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    host, port = server.sockets[0].getsockname()
    async with server:
        yield Served(host, port, state)
        for connection in list(state.connections):
            connection.transport.abort()
