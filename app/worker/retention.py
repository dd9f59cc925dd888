"""Forgets what is kept for a time only: events with their deliveries, and digests, for 90 days, answers for one."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from app.db import Database
from app.services import digests, events, idempotency
from app.services.scope import every_agency, worker

EVERY_SECONDS = 3_600

logger = logging.getLogger("touchbase.retention")


async def run(database: Database, stop: asyncio.Event) -> None:
    """Go through all agencies every hour until told to stop."""
    while not stop.is_set():
        try:
            await work(database, stop)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            logger.warning("cannot look for what is old: %s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)


async def work(database: Database, stop: asyncio.Event) -> None:
    """Go through all agencies once; one that fails is left for the next time and stops nobody else."""
    async with database.transaction(None) as db:
        agencies = await every_agency(db)
    for agency_id in agencies:
        if stop.is_set():
            return
        try:
            await forget(database, agency_id, stop)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this agency alone
            logger.warning("agency %s: cannot forget what is old: %s", agency_id, type(error).__name__)


async def forget(database: Database, agency_id: UUID, stop: asyncio.Event) -> None:
    """Forget what is old in an agency, batch by batch."""
    async with database.transaction(agency_id) as db:
        await digests.prune(db, worker(agency_id), now=db.info["now"])
    for prune in (events.prune, idempotency.prune):
        more = True
        while more and not stop.is_set():
            async with database.transaction(agency_id) as db:
                more = await prune(db, worker(agency_id), now=db.info["now"])
