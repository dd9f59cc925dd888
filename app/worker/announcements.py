"""Announces what time has brought, agency by agency (R5)."""

from uuid import UUID

from app.db import Database
from app.models import WakeKind
from app.services import announcements, wakes
from app.services.scope import worker


async def announce(database: Database, agency_id: UUID) -> None:
    """One batch of what has passed in an agency, which leaves a wake for what is next: at once where there is more."""
    async with database.transaction(agency_id) as db:
        caller, now = worker(agency_id), db.info["now"]
        if await wakes.take(db, caller, WakeKind.ANNOUNCE, now=now):
            await announcements.advance(db, caller, now=now)
