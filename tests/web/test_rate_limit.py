"""An agency's requests a minute: told in every answer, counted once for all processes, nobody else's business (H12)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import text

from app.db import Database
from app.main import create_app
from app.settings import Settings
from tests.agency import Agency, found_agency
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.owner import FAIL_AT_COMMIT, as_owner


@dataclass
class Processes:
    """Processes that share a database and a limit; their clocks go only when the test says so."""

    clients: list[httpx.AsyncClient]
    databases: list[ClockedDatabase]
    seconds: float = 0

    def pass_by(self, seconds: float) -> None:
        """Let time pass, for the database and for everybody."""
        self.seconds += seconds
        for database in self.databases:
            database.now += timedelta(seconds=seconds)

    async def agency(self) -> Agency:
        """A fresh agency, which calls the first process."""
        return await found_agency(self.clients[0], self.databases[0], SECRET)

    def at(self, process: int, agency: Agency) -> Agency:
        """The agency as it calls another process."""
        return Agency(agency.id, agency.key, self.clients[process])


@dataclass
class Start:
    """Starts processes with a limit."""

    database_url: str
    document: Document
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __call__(self, *, limit: int | None, processes: int = 2) -> Processes:
        """So many processes, at ten past eight and 20 seconds."""
        started = Processes([], [])
        for _ in range(processes):
            database = ClockedDatabase(self.database_url, pool_size=3)
            database.now = datetime(2026, 7, 10, 8, 10, 20, tzinfo=UTC)
            self.stack.push_async_callback(database.close)
            app = create_app(database, SECRET, Settings(rate_limit=limit or "off"))
            app.state.rate_limiter.clock = lambda: started.seconds
            started.databases.append(database)
            started.clients.append(await self.stack.enter_async_context(client_of(app, self.document)))
        return started


@pytest.fixture
async def start(database_url: str, document: Document) -> AsyncIterator[Start]:
    """Starts processes, and ends them all."""
    starting = Start(database_url, document)
    async with starting.stack:
        yield starting


async def statuses(*callers: Agency, times: int = 1, path: str = "/v1/due") -> list[int]:
    """What calls are answered, one after the other."""
    return [(await caller.call("GET", path)).status_code for _ in range(times) for caller in callers]


async def test_every_answer_tells_the_limit_and_what_is_left_of_it(start: Start) -> None:
    agency = await (await start(limit=10)).agency()
    calls = [("GET", "/v1/due", 200), ("HEAD", "/v1/due", 200), ("GET", "/v1/due?limit=0", 422)]
    calls += [("GET", "/v1/clients/none", 404), ("POST", "/v1/clients", 422)]
    for left, (method, path, status) in zip(range(9, 0, -1), calls, strict=False):
        answer = await agency.call(method, path)
        assert answer.status_code == status
        assert answer.headers["ratelimit-policy"] == '"default";q=10;w=60'
        assert answer.headers["ratelimit"] == f'"default";r={left};t=40'


async def test_a_key_that_may_not_is_counted_as_well(start: Start) -> None:
    processes = await start(limit=1)
    limited = await found_agency(
        processes.clients[0], processes.databases[0], SECRET, scopes=["records:read"]
    )
    answer = await limited.call("GET", "/v1/due")
    problem_of(answer, 403, "forbidden")
    assert answer.headers["ratelimit"] == '"default";r=0;t=40'
    assert await statuses(limited) == [429]


async def test_who_is_nobody_is_not_told_of_limits(start: Start) -> None:
    processes = await start(limit=10)
    for path in ("/v1/due", "/livez", "/v1/nothing"):
        assert "ratelimit" not in (await processes.clients[0].get(path)).headers


async def test_beyond_the_limit_it_is_told_when_to_come_again(start: Start) -> None:
    processes = await start(limit=3)
    agency = await processes.agency()
    assert await statuses(agency, times=3) == [200, 200, 200]
    processes.pass_by(7.5)
    answer = await agency.call("GET", "/v1/due")
    problem_of(answer, 429, "rate_limited")
    assert answer.headers["ratelimit"] == '"default";r=0;t=33'
    assert answer.headers["retry-after"] == "33"
    processes.pass_by(33)
    assert await statuses(agency, times=4) == [200, 200, 200, 429]


async def test_what_was_not_used_does_not_count_in_the_next_minute(start: Start) -> None:
    processes = await start(limit=3)
    agency = await processes.agency()
    assert await statuses(agency) == [200]
    processes.pass_by(60)
    assert await statuses(agency, times=4) == [200, 200, 200, 429]


@pytest.mark.parametrize("limit", [1, 10, 110])
async def test_processes_share_the_limit_to_the_last_request(start: Start, limit: int) -> None:
    processes = await start(limit=limit)
    first = await processes.agency()
    second = processes.at(1, first)
    answers = await statuses(first, second, times=limit // 2 + 5)
    assert answers[:limit] == [200] * limit
    assert set(answers[limit:]) == {429}


async def test_processes_share_the_limit_when_everybody_comes_at_once(start: Start) -> None:
    processes = await start(limit=10)
    first = await processes.agency()
    second = processes.at(1, first)
    calls = [caller.call("GET", "/v1/due") for _ in range(15) for caller in (first, second)]
    answers = Counter(answer.status_code for answer in await asyncio.gather(*calls))
    assert answers == {200: 10, 429: 20}


async def test_an_idle_process_keeps_little_from_the_others(start: Start) -> None:
    processes = await start(limit=110)
    first = await processes.agency()
    assert await statuses(first) == [200]
    answers = Counter(await statuses(processes.at(1, first), times=110, path="/v1/clients/none"))
    assert answers == {404: 108, 429: 2}  # the first has a chunk of two, of which it used one


async def test_a_chunk_is_cut_to_what_others_have_left(start: Start) -> None:
    processes = await start(limit=110)
    first = await processes.agency()
    assert await statuses(first, times=2) == [200, 200]
    assert await statuses(processes.at(1, first), times=107, path="/v1/clients/none") == [404] * 107
    assert await statuses(first, times=2) == [200, 429]


async def test_one_agency_at_its_limit_never_touches_another(start: Start) -> None:
    processes = await start(limit=2)
    noisy, quiet = await processes.agency(), await processes.agency()
    assert await statuses(noisy, quiet, noisy, quiet, noisy) == [200, 200, 200, 200, 429]


async def test_a_minute_that_a_rival_has_opened_is_not_opened_again(start: Start) -> None:
    processes = await start(limit=3)
    late = await processes.agency()
    early = processes.at(1, late)
    processes.databases[1].now += timedelta(seconds=60)
    assert await statuses(early, early, late, late, early) == [200, 200, 200, 429, 429]


async def test_no_limit_is_neither_told_nor_kept(start: Start) -> None:
    agency = await (await start(limit=None)).agency()
    answers = [await agency.call("GET", "/v1/due") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any(name.startswith("ratelimit") for answer in answers for name in answer.headers)


async def test_what_is_in_hand_costs_no_question(start: Start) -> None:
    processes = await start(limit=1_000_000)
    agency = await processes.agency()
    await statuses(agency)
    usage = text("SELECT requests FROM agency_usage WHERE agency_id = :id")
    async with processes.databases[0].transaction(agency.id) as db:
        before = await db.scalar(usage, {"id": agency.id})
    await statuses(agency, times=5)
    async with processes.databases[0].transaction(agency.id) as db:
        assert await db.scalar(usage, {"id": agency.id}) == before


async def test_a_request_that_runs_again_counts_once(scratch_url: str, document: Document) -> None:
    await as_owner(scratch_url, FAIL_AT_COMMIT[0] % "40001", FAIL_AT_COMMIT[1])
    database = Database(scratch_url, pool_size=2)
    async with client_of(create_app(database, SECRET, Settings(rate_limit=5)), document) as http:
        agency = await found_agency(http, database, SECRET)
        answer = await agency.call("POST", "/v1/clients", json={"name": "Acme"})
    problem_of(answer, 503)
    assert '"default";r=4;' in answer.headers["ratelimit"]
    await database.close()


async def test_without_the_database_nobody_is_let_in(database_url: str, document: Document) -> None:
    seconds = 0.0
    database = Database(database_url, pool_size=1)
    app = create_app(database, SECRET, Settings(rate_limit=10))
    app.state.rate_limiter.clock = lambda: seconds
    async with client_of(app, document) as http:
        agency = await found_agency(http, database, SECRET)
        await statuses(agency)
        app.state.rate_limiter.database = Database("postgresql://127.0.0.1:1/nothing")
        seconds = 60
        problem_of(await agency.call("GET", "/v1/due"), 503, "unavailable")
        app.state.rate_limiter.database = database
        assert await statuses(agency) == [200]
    await database.close()


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "none", ""])
def test_a_limit_that_is_none_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("TOUCHBASE_RATE_LIMIT", wrong)
    with pytest.raises(ValidationError, match="rate_limit"):
        Settings()


@pytest.mark.parametrize(("given", "meant"), [("off", "off"), ("10", 10)])
def test_a_limit_is_a_number_or_off(monkeypatch: pytest.MonkeyPatch, given: str, meant: object) -> None:
    monkeypatch.setenv("TOUCHBASE_RATE_LIMIT", given)
    assert Settings().rate_limit == meant
