"""Counts what is due in all agencies, for whoever watches the service.

Row-level security shows one agency at a time, so there is a short transaction for each. That may take a while where
agencies are many: it goes on beside the scrapes that ask for it, one count at a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from app.db import Database
from app.rules.levels import SHOWN
from app.rules.vocabulary import Level
from app.services import due
from app.services.scope import every_agency, worker

KEPT_SECONDS = 60
PATIENCE_SECONDS = 1  # a scrape waits so long for the database, then for a count, and takes what is there

logger = logging.getLogger("touchbase.due_counts")


class DueCounts:
    """The last counts, and whether the database could be used when it was last asked."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.database_up = False
        self._database = database
        self._clock = clock
        self._counts: dict[Level, int] = {}
        self._old_from = clock()
        self._asking: asyncio.Task[Any] | None = None
        self._counting: asyncio.Task[Any] | None = None

    @property
    def by_level(self) -> dict[Level, int]:
        """Items due at each level; empty where none have been counted, or the database cannot be used."""
        return self._counts if self.database_up else {}

    async def refresh(self) -> None:
        """Ask whether the database can be used, and count anew if the counts are old. Raises nothing."""
        self._asking = _running(self._asking, self._ask)
        await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        self.database_up = self._asking.done() and self._asking.result()
        if self.database_up and self._old_from <= self._clock():
            self._counting = _running(self._counting, self._count)
            await asyncio.wait({self._counting}, timeout=PATIENCE_SECONDS)

    async def close(self) -> None:
        """Stop counting."""
        for task in (self._asking, self._counting):
            if task is not None:
                task.cancel()
                await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    async def _ask(self) -> bool:
        try:
            async with self._database.transaction(None):
                return True
        except Exception:  # noqa: BLE001 - app/db has logged it, and the scrape goes on
            return False

    async def _count(self) -> None:
        try:
            self._counts = await self._of_all_agencies()
            self._old_from = self._clock() + KEPT_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever it is, the scrape goes on
            logger.warning("cannot count what is due: %s", type(error).__name__)
            self._counts = {}

    async def _of_all_agencies(self) -> dict[Level, int]:
        counts = dict.fromkeys(SHOWN, 0)
        async with self._database.transaction(None) as db:
            agencies = await every_agency(db)
        for agency_id in agencies:
            async with self._database.transaction(agency_id) as db:
                found = await due.count_by_level(db, worker(agency_id), at=db.info["now"])
            counts = {level: count + found.get(level, 0) for level, count in counts.items()}
        return counts


def _running(
    task: asyncio.Task[Any] | None, work: Callable[[], Coroutine[Any, Any, Any]]
) -> asyncio.Task[Any]:
    """The task while it runs, else a new one, which belongs to no request: it may outlive the one that began it."""
    return task if task and not task.done() else asyncio.create_task(work(), context=Context())
