"""Gives events their place in the log, and so hands them to whoever is to be told (R4)."""

from uuid import UUID

from app.db import Database
from app.models import WakeKind
from app.services import publications, wakes
from app.services.scope import worker


async def publish(database: Database, agency_id: UUID, *, delay: float = 0) -> bool:
    """One batch of an agency's events, delivered in `delay` seconds; another follows as long as there are more."""
    async with database.transaction(agency_id) as db:
        caller, now = worker(agency_id), db.info["now"]
        if not await wakes.take(db, caller, WakeKind.PUBLISH, now=now):
            return False
        if await publications.publish(db, caller, delay=delay, now=now):
            wakes.add(db, caller, {WakeKind.PUBLISH: now})
        return True
