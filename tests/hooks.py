"""Webhook endpoints on this machine, and events on their way to them."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from app.db import Database
from app.models import Event
from app.outbound import Reach
from app.rules.events import EventType
from app.services import outbox
from app.services import webhook_endpoints as endpoints
from app.services.scope import find, worker
from app.worker.publications import publish
from tests.agency import Agency, Json
from tests.conftest import SECRET

LOOPBACK = (ip_network("127.0.0.0/8"),)


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
        made = [
            await outbox.add(db, worker(agency.id), each, event_type, {"n": 1}, now=db.info["now"])
            for each in subjects
        ]
        events = [await find(db, worker(agency.id), Event, event_id) for event_id in made]
    await publish(database, agency.id)
    return events


async def told(database: Database, agency: Agency, endpoint_id: UUID) -> list[Json]:
    """An endpoint's deliveries as the API tells of them."""
    found: list[Json] = (await agency.get(f"/v1/webhook-endpoints/{endpoint_id}/deliveries"))["items"]
    return found
