"""Looks which agencies may have work by now, and has it done: the heart of every worker.

Any number of processes may do this at once. Each wake is taken by one of them, with the work it stands for, and none
waits for another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from uuid import UUID

from app.db import Database
from app.errors import RetryError, UnavailableError
from app.models import WakeKind
from app.services import wakes

REST_SECONDS = 30  # after an agency's work of a kind has failed

Handler = Callable[[UUID], Awaitable[bool]]

logger = logging.getLogger("touchbase.worker")


class Watch:
    """Has the work of each kind done by its handler, which takes the wakes of an agency itself, if any are left."""

    def __init__(self, database: Database, handlers: Mapping[WakeKind, Handler]) -> None:
        self._database = database
        self._handlers = handlers
        self._resting: dict[tuple[UUID, WakeKind], float] = {}

    async def run(self, stop: asyncio.Event, *, interval: float) -> None:
        """Look every so many seconds, and at once where there was something, until told to stop."""
        while not stop.is_set():
            try:
                found = await self.look(stop)
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                logger.warning("cannot look for work: %s", type(error).__name__)
                found = False
            if not found:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), interval)

    async def look(self, stop: asyncio.Event) -> bool:
        """Do what has come due by now, one agency after another; whether anything was done.

        What another worker is at stays in sight until it has committed. One that fails rests and stops nobody else.
        """
        clock = asyncio.get_running_loop().time
        async with self._database.transaction(None) as db:
            found = await wakes.due(db, list(self._handlers))
        due = [each for each in found if self._resting.get(each, 0) <= clock()]
        is_done = False
        for agency_id, kind in due:
            if stop.is_set():
                break
            try:
                is_done |= await self._handlers[kind](agency_id)
            except (RetryError, UnavailableError):
                logger.info("agency %s: %s put off", agency_id, kind)
                self._resting[agency_id, kind] = clock() + 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this agency alone
                # The error's own words might quote what somebody wrote.
                logger.warning("agency %s: %s failed: %s", agency_id, kind, type(error).__name__)
                self._resting[agency_id, kind] = clock() + REST_SECONDS
        return is_done
