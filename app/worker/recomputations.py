"""Applies changes of policy in the background: looks for agencies with work and does theirs batch by batch.

Several processes may run this at once: each batch is claimed by one of them, and none waits for another. Each has one
under way: a second would fill the gaps in which the database is at the first, and requests need those.
"""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from sqlalchemy import select

from app.db import Database
from app.errors import RetryError, UnavailableError
from app.models import AgencyWork
from app.services import recomputations
from app.services.scope import worker

POLL_SECONDS = 2
REST_SECONDS = 30  # after an agency's batch has failed

logger = logging.getLogger("touchbase.recomputations")


async def run(database: Database, stop: asyncio.Event) -> None:
    """Do whatever work there is until told to stop; a batch under way is finished first."""
    resting: dict[UUID, float] = {}
    while not stop.is_set():
        try:
            await work(database, stop, resting)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            logger.warning("cannot look for work: %s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)


async def work(database: Database, stop: asyncio.Event, resting: dict[UUID, float]) -> None:
    """One batch for each agency in turn until none has any left; one that fails rests and stops nobody else.

    `resting` holds when, by the loop's clock, an agency that failed may be tried again.
    """
    clock = asyncio.get_running_loop().time
    agencies = [a for a in await waiting(database) if resting.get(a, 0) <= clock()]
    while agencies and not stop.is_set():
        going_on = []
        for agency_id in agencies:
            try:
                if await advance(database, agency_id):
                    going_on.append(agency_id)
            except (RetryError, UnavailableError):
                logger.info("agency %s: put off", agency_id)
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this agency alone
                # The error's own words might quote what somebody wrote.
                logger.warning("agency %s: batch failed: %s", agency_id, type(error).__name__)
                resting[agency_id] = clock() + REST_SECONDS
        agencies = going_on


async def waiting(database: Database) -> list[UUID]:
    """The agencies with work."""
    async with database.transaction(None) as db:
        pointers = select(AgencyWork.agency_id).where(AgencyWork.kind == recomputations.WORK)
        return list(await db.scalars(pointers.order_by(AgencyWork.agency_id)))


async def advance(database: Database, agency_id: UUID) -> bool:
    """One batch of an agency's work, as one transaction; False where nobody is needed any more."""
    caller = worker(agency_id)
    async with database.transaction(agency_id, recomputations.beginning(caller)) as db:
        return await recomputations.advance(db, caller, now=db.info["now"])
