"""Deliveries reach real receivers: signed, in order, each at least once, whatever the receivers are like (H16, S6)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from app.db import Database
from app.models import DeliveryQueue, Event, WakeKind, WebhookEndpoint
from app.rules.events import EventType
from app.services import deliveries, outbox, wakes
from app.services import webhook_endpoints as endpoints
from app.services.deliveries import Attempt, Job, Room, Terms
from app.services.scope import worker
from app.settings import Settings
from app.outbound import Reach
from app.worker.deliveries import Sender
from app.worker.wakes import Watch
from tests import receivers
from tests.agency import Agency, Json
from tests.conftest import SECRET
from tests.receivers import OK, Receiver, answering, failing_first, receiving, waiting_for

LOOPBACK = (ip_network("127.0.0.0/8"),)
SOON = (0, 0.01, 0.02, 0.03)


def settings(**more: Any) -> Settings:
    """Settings under which this machine may be called, and a second attempt comes soon."""
    terms: dict[str, Any] = {
        "webhook_allow_nets": LOOPBACK,
        "webhook_retry_schedule": SOON,
        "webhook_timeout": 1.0,
    }
    return Settings(**{**terms, **more})


async def endpoint(database: Database, agency: Agency, url: str, **terms: Any) -> tuple[UUID, str]:
    """An endpoint's id and its secret."""
    given = {"url": url, "description": None, "types": None, **terms}
    async with database.transaction(agency.id) as db:
        issued = await endpoints.create(db, worker(agency.id), given, reach=Reach(LOOPBACK), secret=SECRET)
    return issued.row.id, issued.secret


async def happen(
    database: Database,
    agency: Agency,
    subjects: Sequence[UUID],
    event_type: EventType = EventType.CONTACT_RECORDED,
) -> list[Event]:
    """Events of some subjects, on their way."""
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        made = [
            await outbox.add(db, worker(agency.id), each, event_type, {"n": 1}, now=now) for each in subjects
        ]
        await deliveries.fan_out(db, worker(agency.id), made, now=now)
    return made


@asynccontextmanager
async def sending(database: Database, given: Settings | None = None) -> AsyncIterator[Sender]:
    """A worker that sends."""
    sender, stop = Sender(database, SECRET, given or settings()), asyncio.Event()
    watch = Watch(database, {WakeKind.DELIVER: sender.deliver})
    running = asyncio.create_task(watch.run(stop, interval=0.02))
    try:
        yield sender
    finally:
        stop.set()
        await running
        await sender.close()


async def pending(database: Database, agency: Agency) -> int:
    async with database.transaction(agency.id) as db:
        count = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND agency_id = :id"
        return int(await db.scalar(text(count), {"id": agency.id}) or 0)


async def all_done(database: Database, agency: Agency) -> None:
    """Wait until nothing is pending."""
    async with asyncio.timeout(60):
        while await pending(database, agency):
            await asyncio.sleep(0.02)


async def test_a_delivery_is_what_the_standard_asks_for(agency: Agency, database: Database) -> None:
    async with receiving(OK) as receiver:
        _, secret = await endpoint(database, agency, receiver.url)
        [event] = await happen(database, agency, [uuid4()])
        async with sending(database):
            await all_done(database, agency)
    [call] = receiver.calls
    assert call.id == str(event.id)
    assert call.body == event.body
    assert call.verified(secret)["type"] == "contact.recorded"
    assert call.headers["content-type"] == "application/json"
