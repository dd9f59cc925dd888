"""A reader who waits for news is answered as soon as nobody may be there any more to wait."""

import asyncio
import json

from fastapi import FastAPI

from tests.agency import Agency
from tests.web.connections import PATIENCE, Connection, served

LONGER = 30  # than a test has patience
assert LONGER > PATIENCE


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
