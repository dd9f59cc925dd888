"""Real receivers of webhooks on 127.0.0.1: good ones, and all the bad ones that a sender must outlive."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from standardwebhooks import Webhook

from tests.agency import Json

Answer = Callable[["Receiver", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """A call that a receiver got."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """What makes it the same as another."""
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Json:
        """What it says, once the public library has verified it."""
        said: Json = Webhook(secret).verify(self.body, self.headers)
        return said


@dataclass
class Receiver:
    """A server that notes its calls and answers each in its manner; `open` counts those that it has not answered."""

    answer: Answer
    calls: list[Call] = field(default_factory=list)
    port: int = 0
    open: int = 0
    most_open: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection."""
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    await self._serve_one(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(await _call(reader))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self.answer(self, writer)
            await writer.drain()
        finally:
            self.open -= 1


async def _call(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    named = (line.split(": ", 1) for line in head[1:-2])
    headers = {name.lower(): value for name, value in named}
    return Call(headers, await reader.readexactly(int(headers["content-length"])))


@asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[Receiver]:
    """A receiver as long as the context lasts."""
    receiver = Receiver(answer)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await receiver.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> Answer:
    """Always the same, with a length that may be a lie."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def answer(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return answer


OK = answering("200 OK", b"thanks")


def failing_first(times: int, then: Answer = OK) -> Answer:
    """503 to the first calls of each delivery."""
    no = answering("503 Busy")

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        tried = sum(call.id == receiver.calls[-1].id for call in receiver.calls)
        await (no if tried <= times else then)(receiver, writer)

    return answer


def waiting_for(event: asyncio.Event) -> Answer:
    """Answers when it is let."""

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        await event.wait()
        await OK(receiver, writer)

    return answer


async def dripping(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """A good status, and then a byte now and then for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def dripping_its_head(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """A status that never comes to its end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-Slow: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """A good status, and then more than anybody can read."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def endless_head(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Headers without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-Big: " + b"x" * 60_000 + b"\r\n")
        await writer.drain()


async def resetting(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Ends the connection without a word."""
    writer.transport.abort()


async def babbling(_receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """No HTTP at all, with words that must not be repeated."""
    writer.write(b"zqcanary says hello\r\n\r\n")
    writer.close()


BOMB = answering("200 OK", gzip.compress(b"x" * 10_000_000), "Content-Encoding: gzip")
