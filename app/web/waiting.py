"""Looks whether there is news for those who wait for some: one look for all of an agency, however many they are."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from uuid import UUID

from app.db import Database
from app.errors import TouchbaseError
from app.services import events, publications
from app.services.scope import worker

LOOK_SECONDS = 0.5  # between two looks at an agency's log
MOST_LOOKS = 2  # at a time, so that they leave the connections to requests
MOST_WAITERS = 20  # of one agency, in each process

WISH = "touchbase.wish"  # in the scope of a request that has nothing to answer yet


@dataclass(frozen=True, slots=True)
class Wish:
    """To wait for so many seconds until the agency's log goes beyond a position."""

    seconds: int
    position: int


@dataclass(slots=True)
class Watch:
    """How far an agency's log went when it was last looked at, and who waits for it to go on."""

    agency_id: UUID
    waiters: int = 0
    position: int = 0
    look: asyncio.Task[None] | None = None


class Lookout:
    """Watches the logs of those agencies in which somebody waits; what it finds to be published it publishes.

    Events are then delivered in `delay` seconds.
    """

    def __init__(self, database: Database, *, delay: float) -> None:
        self._database = database
        self._delay = delay
        self._watches: dict[UUID, Watch] = {}
        self._places = asyncio.Semaphore(MOST_LOOKS)

    @contextmanager
    def joined(self, agency_id: UUID) -> Iterator[Watch | None]:
        """The watch of an agency's log, for one who waits; None where so many do that one more may not."""
        watch = self._watches.setdefault(agency_id, Watch(agency_id))
        if watch.waiters >= MOST_WAITERS:
            yield None
            return
        watch.waiters += 1
        try:
            yield watch
        finally:
            watch.waiters -= 1
            if not watch.waiters:
                del self._watches[agency_id]

    def next_look(self, watch: Watch) -> asyncio.Task[None]:
        """The next look at a log, which all who wait for it share. It fails only for a bug of ours."""
        if watch.look is None or watch.look.done():
            # It belongs to no request: it may outlive the one that began it.
            watch.look = asyncio.create_task(self._look_soon(watch), context=Context())
        return watch.look

    async def _look_soon(self, watch: Watch) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        if not watch.waiters:
            return
        with suppress(TouchbaseError):  # app/db has logged it, and the next look comes soon
            async with self._places, self._database.transaction(watch.agency_id) as db:
                caller, now = worker(watch.agency_id), db.info["now"]
                # No worker may be there to do it, and who comes to it first is left to it.
                await publications.publish(db, caller, delay=self._delay, now=now, waits=False)
                watch.position = await events.last_position(db, caller)
