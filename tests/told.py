"""What an agency has been told: its workers' looks, and its log of events."""

from collections import Counter
from datetime import timedelta

from app.db import Database
from app.services import deliveries
from app.services.deliveries import Attempt, Room, Terms
from app.services.scope import worker
from app.worker.announcements import announce
from app.worker.publications import publish
from tests.agency import Agency, Json


async def look(database: Database, agency: Agency) -> None:
    """A worker looks until there is nothing left to announce and to place."""
    for _ in range(50):
        await announce(database, agency.id)
        await publish(database, agency.id)


async def events_of(agency: Agency, **params: object) -> list[Json]:
    """The whole log, page by page."""
    found: list[Json] = []
    while True:
        page = await agency.get("/v1/events", **params)
        found += page["items"]
        if not page["items"]:
            return found
        params["after"] = page["next_cursor"]


def told(event: Json) -> tuple[str, str | None]:
    """An event in short: its type, and of which reason."""
    return event["type"], event["data"].get("reason", {}).get("code")


async def answered(database: Database, agency: Agency, status: int) -> None:
    """An endpoint answers the first of what is on its way with a status."""
    terms, room = Terms(timedelta(minutes=1), (0, 5)), Room(1, 1, Counter())
    async with database.transaction(agency.id) as db:
        caller, now = worker(agency.id), db.info["now"]
        [job] = await deliveries.claim(db, caller, room, terms=terms, now=now)
        attempt = Attempt(job, now, 87, status)
        await deliveries.finish(db, caller, [attempt], terms=terms, now=now, going_on=False)
