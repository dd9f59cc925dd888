"""The load: a small HTTP/1.1 client that keeps its connections, in a process of its own.

Run as `python -m tests.bench.load`: reads a plan as JSON on standard input, and prints what came of it as JSON. It does
as little as it can for each request, since it shares the cores with what it measures; its own CPU is in its report.
"""

import asyncio
import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from secrets import token_hex
from typing import Any, cast

import uvloop

LOOPBACK = "127.0.0.1"
NEW = "new-each-time"  # stands in a request for what no other has
GRACE_SECONDS = 30


@dataclass(frozen=True)
class Plan:
    """What to send: whole requests, drawn at random, until `seconds` are over or `most` are sent.

    What is answered in the first `warmup` seconds is not counted.
    """

    port: int
    requests: list[str]
    connections: int
    seconds: float
    warmup: float = 0.0
    most: int | None = None


@dataclass
class Outcome:
    """What came of a plan. Latencies are in seconds, in no order, and of what succeeded alone."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    bytes_read: int = 0
    cpu_seconds: float = 0.0


def request(method: str, path: str, authorization: str, body: Any = None, *, keyed: bool = False) -> str:
    """The text of a request; `keyed`, each time it is sent it has another Idempotency-Key."""
    sent = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: {authorization}"]
    if keyed:
        lines += [f"Idempotency-Key: {NEW}"]
    if sent:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent.encode())}"]
    return "\r\n".join([*lines, "", sent])


def run(plan: Plan) -> Outcome:
    """Carry a plan out in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
        timeout=plan.seconds + GRACE_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Outcome(**json.loads(done.stdout))


class Connection(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last has been read."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._buffer = b""
        self._left = -1  # bytes of the body still to come; -1 before the head is there
        self._status = ""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Read until the answer is whole."""
        self._load.bytes_read += len(data)
        if self._left < 0:
            self._buffer += data
            head, end, data = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._status, self._left = _read_head(head)
            self._buffer = b""
        self._left -= len(data)
        if self._left == 0:
            self._left = -1
            self._load.note(self._status, self._sent_at)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of a connection that the server ended."""
        self._load.lost(exc)

    def _send(self) -> None:
        message = self._load.next()
        if message is None:
            self._transport.close()
        else:
            self._sent_at = time.perf_counter()
            self._transport.write(message)


def _read_head(head: bytes) -> tuple[str, int]:
    """The status of an answer, and the length of its body."""
    name = b"content-length:"
    at = head.lower().find(name)
    length = head[at + len(name) :].split(b"\r\n", 1)[0] if at >= 0 else b"0"
    return head[9:12].decode(), int(length)


class Load:
    """All connections of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = [text.encode() for text in plan.requests]
        self._draw = random.Random(plan.port)  # noqa: S311 - no secret
        self._is_keyed = any(NEW in text for text in plan.requests)
        self._name = token_hex(8).encode()
        self._begun = time.perf_counter()
        self._sent = 0
        self._open = plan.connections
        self._over = asyncio.Event()
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self.bytes_read = 0

    def next(self) -> bytes | None:
        """The next request; None where there are no more."""
        plan = self._plan
        if time.perf_counter() - self._begun >= plan.seconds or (plan.most and self._sent >= plan.most):
            return None
        self._sent += 1
        message = self._draw.choice(self._requests)
        return (
            message.replace(NEW.encode(), b"%s-%d" % (self._name, self._sent)) if self._is_keyed else message
        )

    def note(self, status: str, sent_at: float) -> None:
        """An answer has come."""
        now = time.perf_counter()
        if now - self._begun >= self._plan.warmup:
            self._statuses[status] += 1
            if status.startswith("2"):
                self._latencies.append(now - sent_at)

    def lost(self, error: Exception | None) -> None:
        """A connection has ended."""
        if error is not None:
            self._statuses["lost"] += 1
        self._open -= 1
        if not self._open:
            self._over.set()

    async def run(self) -> Outcome:
        """Send everything."""
        loop = asyncio.get_running_loop()
        for _ in range(self._plan.connections):
            await loop.create_connection(lambda: Connection(self), LOOPBACK, self._plan.port)
        await self._over.wait()
        seconds = time.perf_counter() - self._begun - self._plan.warmup
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Outcome(
            seconds, self._latencies, dict(self._statuses), self.bytes_read, used.ru_utime + used.ru_stime
        )


async def _main(plan: Plan) -> Outcome:
    return await Load(plan).run()


if __name__ == "__main__":
    outcome = uvloop.run(_main(Plan(**json.load(sys.stdin))))
    json.dump(asdict(outcome), sys.stdout)
