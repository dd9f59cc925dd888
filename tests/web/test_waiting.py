"""A reader who waits for news costs next to nothing, and is answered as soon as there is news or nobody to wait."""

import asyncio
import json
import time

import httpx
from fastapi import FastAPI

from app.db import Database
from app.main import create_app
from app.web.auth import REMEMBERED_SECONDS
from app.web.waiting import LOOK_SECONDS, MOST_WAITERS, Lookout
from tests.agency import Agency, Json
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.sent import noted
from tests.web.connections import PATIENCE, Connection, served

LONGER = 30  # than a test has patience
assert LONGER > PATIENCE


async def wait_in_number(app: FastAPI, agency: Agency, number: int) -> list[asyncio.Task[Json]]:
    """So many more readers who wait for events, of which there are none yet."""
    before = number_of_waiters(app, agency)
    waiting = [asyncio.create_task(agency.get("/v1/events", wait=LONGER)) for _ in range(number)]
    async with asyncio.timeout(PATIENCE):
        while number_of_waiters(app, agency) < before + number:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    return waiting


def number_of_waiters(app: FastAPI, agency: Agency) -> int:
    """How many wait for an agency's events."""
    lookout: Lookout = app.state.lookout
    with lookout.joined(agency.id) as watch:
        return watch.waiters - 1 if watch else MOST_WAITERS


async def leave(waiting: list[asyncio.Task[Json]]) -> None:
    """Let those who wait go."""
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


async def wait_for_events(connection: Connection, agency: Agency) -> None:
    """Ask for events, of which there are none yet."""
    head = f"GET /v1/events?wait={LONGER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agency.key}\r\n\r\n"
    await connection.send(head.encode())
    await asyncio.sleep(0.2)


async def test_whoever_sends_no_more_is_answered_at_once(app: FastAPI, agency: Agency) -> None:
    async with served(app) as service, service.connection() as connection:
        await wait_for_events(connection, agency)
        connection.end_sending()
        answer = await connection.answer()
        assert (answer.status, json.loads(answer.body)["items"]) == (200, [])
        assert await connection.end() == b""


async def test_nobody_is_waited_for_who_has_gone(app: FastAPI, agency: Agency) -> None:
    async with served(app) as service:
        async with service.connection() as connection:
            await wait_for_events(connection, agency)
            assert service.state.tasks
        await service.emptied()


async def test_whoever_listens_is_answered_with_what_comes(app: FastAPI, agency: Agency) -> None:
    async with served(app) as service, service.connection() as connection:
        await wait_for_events(connection, agency)
        application = await agency.application()
        answer = await connection.answer()
        assert json.loads(answer.body)["items"][0]["data"]["application_id"] == application["id"]


async def test_all_of_an_agency_who_wait_share_one_look_at_a_time(
    app: FastAPI, agency: Agency, database: Database
) -> None:
    async with noted(database) as sent:
        waiting = await wait_in_number(app, agency, 10)
        sent.clear()
        began, looks = time.monotonic(), 0
        async with asyncio.timeout(PATIENCE):
            while looks < 4:
                await asyncio.sleep(0.05)
                looks = sum("event_logs" in statement for statement, _ in sent)
        assert looks <= (time.monotonic() - began) / LOOK_SECONDS + 1
        assert len(sent) <= 3 * (looks + 1)  # the clock, what has no place yet, how far the log goes
        await leave(waiting)


async def test_all_who_wait_are_soon_answered_with_what_comes(app: FastAPI, agency: Agency) -> None:
    waiting = await wait_in_number(app, agency, MOST_WAITERS)
    application = await agency.application()
    async with asyncio.timeout(PATIENCE):
        for answer in await asyncio.gather(*waiting):
            assert answer["items"][0]["data"]["application_id"] == application["id"]


async def test_a_reader_goes_on_waiting_where_what_comes_is_not_what_they_wait_for(agency: Agency) -> None:
    waiting = asyncio.create_task(agency.get("/v1/events", wait=LONGER, type="interview.created"))
    application = await agency.application()
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert not waiting.done()
    await agency.interview(application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z")
    async with asyncio.timeout(PATIENCE):
        [event] = (await waiting)["items"]
    assert event["type"] == "interview.created"


async def test_no_more_of_an_agency_wait_than_the_others_can_bear(
    app: FastAPI, agency: Agency, rival: Agency
) -> None:
    waiting = await wait_in_number(app, agency, MOST_WAITERS)
    async with asyncio.timeout(PATIENCE):
        assert (await agency.get("/v1/events", wait=LONGER))["items"] == []
    [other] = await wait_in_number(app, rival, 1)
    assert not any(each.done() for each in (*waiting, other))
    await leave([waiting.pop(), other])
    waiting += await wait_in_number(app, agency, 1)
    assert not any(each.done() for each in waiting)
    await leave(waiting)


async def test_nothing_is_looked_at_when_nobody_waits_any_more(
    app: FastAPI, agency: Agency, database: Database
) -> None:
    async with noted(database) as sent, asyncio.timeout(PATIENCE):
        await leave(await wait_in_number(app, agency, 3))
        while sent:  # as long as looks go on
            sent.clear()
            await asyncio.sleep(2 * LOOK_SECONDS)


async def test_whoever_waits_is_answered_when_the_service_drains(
    agency: Agency, database: Database, document: Document
) -> None:
    app = create_app(database, SECRET)
    async with client_of(app, document) as http:
        [waiting] = await wait_in_number(app, Agency(agency.id, agency.key, http), 1)
        app.state.is_draining = True
        async with asyncio.timeout(PATIENCE):
            assert (await waiting)["items"] == []


async def test_whoever_waits_is_told_within_five_seconds_that_their_key_is_revoked(agency: Agency) -> None:
    made = await agency.post("/v1/api-keys", {"name": "waiting", "scopes": ["events:read"]})
    headers = {"Authorization": f"Bearer {made['key']}"}
    path = f"/v1/events?wait={LONGER}"
    waiting: asyncio.Task[httpx.Response] = asyncio.create_task(agency.http.get(path, headers=headers))
    await asyncio.sleep(0.5)
    revoked = time.monotonic()
    await agency.post(f"/v1/api-keys/{made['id']}/revoke")
    async with asyncio.timeout(PATIENCE):
        problem_of(await waiting, 401)
    assert time.monotonic() - revoked <= REMEMBERED_SECONDS + 2 * LOOK_SECONDS
