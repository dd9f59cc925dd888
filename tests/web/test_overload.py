"""What comes while too much is under way is refused at once; who looks after the service is always answered (R14)."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from app.db import Database
from app.main import create_app
from app.settings import Settings
from app.web.waiting import LOOK_SECONDS
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.web.connections import served


@dataclass
class Busy:
    """A service that takes one request at a time and has one connection to its database."""

    app: FastAPI
    database: Database
    agency: Agency


@pytest.fixture
async def busy(database_url: str, document: Document) -> AsyncIterator[Busy]:
    """It has looked the agency's key up already."""
    database = Database(database_url, pool_size=1)
    app = create_app(database, SECRET, Settings(max_in_flight=1))
    async with client_of(app, document) as http:
        agency = await found_agency(http, database, SECRET)
        await agency.get("/v1/clients")
        yield Busy(app, database, agency)
    await database.close()


async def test_what_comes_on_top_is_refused_at_once(busy: Busy) -> None:
    agency = busy.agency
    async with busy.database.transaction(agency.id):
        waiting = asyncio.create_task(agency.call("GET", "/v1/clients"))
        await asyncio.sleep(0.05)
        refused = await agency.call("GET", "/v1/clients")
        assert not waiting.done()
        assert (await agency.http.get("/livez")).status_code == 200
        assert refused.headers["retry-after"] == "2"
        problem_of(refused, 503, "overloaded")
    assert (await waiting).status_code == 200
    await agency.get("/v1/clients")


async def test_readiness_is_asked_of_the_database_however_busy(busy: Busy) -> None:
    agency = busy.agency
    async with busy.database.transaction(agency.id):
        waiting = asyncio.create_task(agency.call("GET", "/v1/clients"))
        assert (await agency.http.get("/readyz")).status_code == 200
        assert not waiting.done()
    await waiting


async def test_a_refused_request_takes_no_place(busy: Busy) -> None:
    for path in ("/v1/nothing", "/v1/clients?limit=0", "/v1/clients/none"):
        await busy.agency.call("GET", path)
    await busy.agency.get("/v1/clients")


async def test_a_client_that_takes_its_time_takes_no_place(busy: Busy) -> None:
    agency = busy.agency
    body = b'{"name": "Acme"}'
    head = f"POST /v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agency.key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    async with served(busy.app) as service, service.connection() as connection:
        await connection.send(head.encode() + body[:5])
        await asyncio.sleep(0.05)
        assert (await agency.get("/v1/clients"))["items"] == []
        await connection.send(body[5:])
        assert (await connection.answer()).status == 201


async def test_a_reader_who_waits_for_events_takes_no_place(busy: Busy) -> None:
    waiting = asyncio.create_task(busy.agency.get("/v1/events", wait=30))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(20):
        # It takes the one place as long as it looks for the first time.
        while (await busy.agency.call("GET", "/v1/clients")).status_code == 503:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
    calls_until = time.monotonic() + 3 * LOOK_SECONDS
    while time.monotonic() < calls_until:
        await busy.agency.get("/v1/clients")
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait({waiting})
