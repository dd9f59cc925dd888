"""Announces what time has brought, agency by agency (R5)."""

from uuid import UUID

from app.db import Database
from app.services import announcements, passings
from app.services.scope import worker


async def announce(database: Database, agency_id: UUID) -> bool:
    """One batch of what has passed in an agency, which leaves a wake for what is next: at once where there is more.

    False where no wake was left to take, as with the handlers of all kinds.
    """
    caller = worker(agency_id)
    async with database.transaction(agency_id, passings.beginning(caller)) as db:
        return await announcements.advance(db, caller, now=db.info["now"])
