"""Announces what time has brought, agency by agency (R5)."""

from uuid import UUID

from app.db import Database
from app.services import announcements
from app.services.scope import worker


async def announce(database: Database, agency_id: UUID) -> None:
    """One batch of what has passed in an agency, which leaves a wake for what is next: at once where there is more."""
    async with database.transaction(agency_id) as db:
        await announcements.advance(db, worker(agency_id), now=db.info["now"])
