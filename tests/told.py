"""What an agency has been told: its workers' looks, and its log of events."""

from app.db import Database
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
