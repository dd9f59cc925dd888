"""Announces what time has brought, agency by agency (R5)."""

from uuid import UUID

from app.db import Beginning, Database
from app.services import announcements
from app.services.scope import worker

# A plan is made once. Of tables that were empty then, one that reads them whole would go on to do so as they grow.
_LOOK_UP = Beginning(["SET LOCAL enable_seqscan = off"])


async def announce(database: Database, agency_id: UUID) -> None:
    """One batch of what has passed in an agency, which leaves a wake for what is next: at once where there is more."""
    async with database.transaction(agency_id, _LOOK_UP) as db:
        await announcements.advance(db, worker(agency_id), now=db.info["now"])
