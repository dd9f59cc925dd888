"""The network between a service and PostgreSQL, which the test makes slow, cuts, or silences."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum

from app.postgres import Server
from app.postgres.server import DATABASE, OWNER, PORT


class Fault(Enum):
    """What happens to a connection at its COMMIT."""

    UNHEARD = "cut before the server hears it"
    UNANSWERED = "cut before its answer is heard"
    SILENT = "nothing gets through any more, and nobody is told"


@dataclass(eq=False)
class Line:
    """One connection."""

    client: StreamWriter
    server: StreamWriter
    fault: Fault | None = None
    planned: Fault | None = None

    def cut(self) -> None:
        """Cut it, whatever is under way."""
        self.client.transport.abort()
        self.server.close()


class Proxy:
    """Passes connections on. `delay` is in seconds for each piece; while `silent`, pieces are lost for good."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.port = 0
        self.delay = 0.0
        self.silent = False
        self._planned: dict[bytes, Fault] = {}
        self._lines: set[Line] = set()

    @property
    def url(self) -> str:
        """Where the database is, through here."""
        return f"postgresql+asyncpg://{OWNER}@127.0.0.1:{self.port}/{DATABASE}"

    def mend(self) -> None:
        """Pass everything on again, at once; what was cut or lost stays so."""
        self.delay, self.silent = 0.0, False
        self._planned.clear()

    def cut_all(self) -> None:
        """Cut every connection, whatever is under way on it."""
        for line in self._lines:
            line.cut()

    def forget_all(self) -> None:
        """Lose every connection as a firewall does that forgets them."""
        for line in self._lines:
            line.fault = Fault.SILENT

    def plan(self, word: str, fault: Fault) -> None:
        """Let something happen to the next connection that says a word to the server, once it commits."""
        self._planned[word.encode()] = fault

    async def serve(self, asks: StreamReader, client: StreamWriter) -> None:
        """Pass one connection on, both ways, until either side ends it."""
        path = f"{self._server.socket_dir}/.s.PGSQL.{PORT}"
        try:
            answers, server = await asyncio.open_unix_connection(path)
        except OSError:
            client.close()
            return
        line = Line(client, server)
        self._lines.add(line)
        await asyncio.gather(self._ask(asks, line), self._answer(answers, line))
        line.cut()
        self._lines.remove(line)

    async def _ask(self, asks: StreamReader, line: Line) -> None:
        async for piece in self._pieces(asks, line):
            for word in [word for word in self._planned if word in piece]:
                line.planned = self._planned.pop(word)
            if line.planned and b"COMMIT" in piece:
                line.fault = line.planned
            if line.fault is Fault.UNHEARD:
                line.cut()
            elif line.fault is not Fault.SILENT:
                line.server.write(piece)
        if line.fault is not Fault.SILENT:
            line.server.close()

    async def _answer(self, answers: StreamReader, line: Line) -> None:
        async for piece in self._pieces(answers, line):
            if line.fault is Fault.UNANSWERED:
                line.cut()
            else:
                line.client.write(piece)
        if line.fault is not Fault.SILENT:
            line.client.close()

    async def _pieces(self, stream: StreamReader, line: Line) -> AsyncIterator[bytes]:
        with suppress(OSError):
            while piece := await stream.read(65_536):
                await asyncio.sleep(self.delay)
                if self.silent:
                    line.fault = Fault.SILENT
                if line.fault is not Fault.SILENT:
                    yield piece


@asynccontextmanager
async def proxying(server: Server) -> AsyncIterator[Proxy]:
    """A proxy that listens as long as the block lasts."""
    proxy = Proxy(server)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
        proxy.cut_all()
