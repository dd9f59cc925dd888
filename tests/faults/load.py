"""Clients of a service in trouble: what they send over and over, what comes of it, and what was acknowledged."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import httpx

from tests.contract.problems import problem_of
from tests.faults.processes import until

PATIENCE = 20  # seconds; a request that has no answer by then hangs
REST = 0.02  # seconds before another try
BACK_SECONDS = 5  # R9
WRITERS, READERS = 4, 2
IN_FLIGHT = 409

Json = dict[str, Any]
Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Answer:
    """What came of a request; without a status the connection was refused or cut."""

    status: int | None
    body: Json = field(default_factory=dict)
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def done(self) -> bool:
        """Whether it was acknowledged."""
        return self.status is not None and self.status < 300

    @property
    def replayed(self) -> bool:
        """Whether it is an answer that was given before (H8)."""
        return "idempotency-replayed" in self.headers


class Client:
    """Calls a service, bears with its troubles, and keeps every answer."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        # A connection is given up well before the service does so, lest the two cross.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=1)
        self.http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=PATIENCE, limits=limits, trust_env=False
        )
        self.answers: list[Answer] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def call(
        self, method: str, path: str, body: Json | None = None, headers: Json | None = None
    ) -> Answer:
        """One request: a 2xx, a 503 that says when to come back, or no answer at all, but not too late (R9).

        With an Idempotency-Key it may also hear that the same request is still under way (H8).
        """
        answer = await self._sent(method, path, body, headers)
        self.answers.append(answer)
        return answer

    async def says(self, path: str, status: int) -> bool:
        """Whether a GET that needs no key has a status."""
        try:
            return (await self.http.get(path)).status_code == status
        except httpx.TransportError:
            return False

    async def items(self, path: str) -> list[Json]:
        """A whole list, page by page."""
        items: list[Json] = []
        cursor: Json | None = {}
        while cursor is not None:
            response = await self.http.get(path, params={"limit": 200, **cursor})
            assert response.is_success, response.text
            page = response.json()
            items += page["items"]
            cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
        return items

    async def _sent(self, method: str, path: str, body: Json | None, headers: Json | None) -> Answer:
        try:
            response = await self.http.request(method, path, json=body, headers=headers)
        except httpx.TimeoutException:
            raise AssertionError(f"{method} {path} hangs") from None
        except httpx.TransportError:
            return Answer(None)
        if response.status_code == IN_FLIGHT and headers:
            problem_of(response, IN_FLIGHT, "idempotency_key_in_flight")
        elif not response.is_success:
            problem_of(response, 503)
            assert int(response.headers["retry-after"]) > 0
        return Answer(response.status_code, response.json(), response.headers)


@dataclass
class Ledger:
    """What was written: acknowledged, or with an outcome that nobody knows."""

    acknowledged: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def note(self, written: str, answer: Answer) -> None:
        """Keep what came of a write."""
        (self.acknowledged if answer.done else self.unknown).add(written)

    def compare(self, found: Iterable[str]) -> None:
        """Fail if an acknowledged write is missing, one is there twice, or one is there that was never sent."""
        counted = Counter(found)
        assert self.acknowledged, "nothing was acknowledged"
        assert self.acknowledged - counted.keys() == set()
        assert [written for written, times in counted.items() if times > 1] == []
        assert counted.keys() - self.acknowledged - self.unknown == set()


@asynccontextmanager
async def under_load(*works: Work) -> AsyncIterator[None]:
    """Do each work over and over, all at once, as long as the block lasts; each is finished before it ends."""
    stop = asyncio.Event()

    async def repeat(work: Work) -> None:
        while not stop.is_set():
            await work()

    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(repeat(work))
        try:
            yield
        finally:
            stop.set()


def users(client: Client, ledger: Ledger) -> list[Work]:
    """Writers of clients, whose writes are noted, and readers."""
    numbers = count(len(ledger.acknowledged | ledger.unknown))

    async def write() -> None:
        name = f"Client {next(numbers)}"
        answer = await client.call("POST", "/v1/clients", {"name": name})
        ledger.note(name, answer)
        await asyncio.sleep(0 if answer.done else REST)

    async def read() -> None:
        answer = await client.call("GET", "/v1/due")
        await asyncio.sleep(0 if answer.done else REST)

    return [write] * WRITERS + [read] * READERS


def living(client: Client) -> Work:
    """Somebody who makes sure that the process lives, whatever the database does."""

    async def look() -> None:
        assert await client.says("/livez", 200)
        await asyncio.sleep(REST)

    return look


async def worked(client: Client) -> None:
    """Wait until the load is under way."""
    await _answered(client, 50, 20, lambda answer: answer.done)


async def refused(client: Client, number: int = WRITERS + READERS) -> None:
    """Wait until the trouble has been felt, by every user unless told otherwise."""
    await _answered(client, number, PATIENCE, lambda answer: not answer.done)


async def returned(client: Client) -> None:
    """The database is there again: the first success comes within R9's time, and soon nothing else."""
    await _answered(client, 1, BACK_SECONDS, lambda answer: answer.done)
    await until(lambda: client.says("/readyz", 200), BACK_SECONDS)
    await until(lambda: _is_whole(client), BACK_SECONDS)


async def _answered(client: Client, number: int, seconds: float, kind: Callable[[Answer], bool]) -> None:
    known = len(client.answers)

    async def enough() -> bool:
        return sum(map(kind, client.answers[known:])) >= number

    await until(enough, seconds)


async def _is_whole(client: Client) -> bool:
    return all(answer.done for answer in client.answers[-50:])
