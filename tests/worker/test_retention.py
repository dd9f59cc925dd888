"""What is kept for a time only is forgotten in every agency, whatever befalls one of them (R7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from app.main import create_app
from app.models import Event
from app.services import events
from app.services.scope import every_agency
from app.worker.retention import work
from tests.agency import found_agency
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.told import look


@pytest.fixture
async def clocked(scratch_url: str) -> AsyncIterator[ClockedDatabase]:
    """A database of the test's own, whose clock it sets."""
    opened = ClockedDatabase(scratch_url)
    yield opened
    await opened.close()


async def kept(database: ClockedDatabase, agency_id: UUID) -> int:
    """How many events an agency still has."""
    async with database.transaction(agency_id) as db:
        return await db.scalar(select(func.count()).where(Event.agency_id == agency_id)) or 0


async def test_an_agency_that_fails_is_left_for_the_next_time_and_stops_nobody_else(
    clocked: ClockedDatabase, document: Document
) -> None:
    async with client_of(create_app(clocked, SECRET), document) as http:
        for _ in range(3):
            agency = await found_agency(http, clocked, SECRET)
            await agency.application()
            await look(clocked, agency)
    async with clocked.transaction(None) as db:
        first, *others = await every_agency(db)
    clocked.now += events.KEPT + timedelta(days=1)
    async with clocked.transaction(first) as db:
        await db.execute(text("SELECT FROM event_logs WHERE agency_id = :id FOR UPDATE"), {"id": first})
        await work(clocked, asyncio.Event())
    assert [await kept(clocked, each) for each in (first, *others)] == [1, 0, 0]
    await work(clocked, asyncio.Event())
    assert await kept(clocked, first) == 0
