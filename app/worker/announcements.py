"""Announces what time has brought, agency by agency (R5)."""

from uuid import UUID

from app.db import Database
from app.services import announcements, passings
from app.services.scope import worker


async def announce(database: Database, agency_id: UUID) -> None:
    """One batch of what has passed in an agency, which leaves a wake for what is next: at once where there is more."""
    caller = worker(agency_id)
    async with database.transaction(agency_id, passings.beginning(caller)) as db:
        await announcements.advance(db, caller, now=db.info["now"])
