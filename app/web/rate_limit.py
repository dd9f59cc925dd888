"""The rate limit of an agency, and the headers that tell it where it stands (H12).

All processes share one count in the database, for each minute of its clock. So that not every request asks for it, a
process takes requests in chunks: a fiftieth of what is left, so that near the limit it is one at a time. What is let
in is never more than the limit; it is less by what processes that have since become idle took and did not use.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from starlette.types import Scope

from app.db import Database
from app.errors import RateLimitedError
from app.services import usage
from app.services.scope import Caller

CHUNKS = 50


@dataclass(slots=True)
class Lease:
    """What a process may let in of an agency's minute, and what was left for everybody when it asked."""

    in_hand: int
    left: int
    ends: float


@dataclass
class RateLimiter:
    """Lets in so many requests a minute of each agency; all of them where `most` is None."""

    database: Database
    most: int | None
    clock: Callable[[], float] = time.monotonic
    _leases: dict[UUID, Lease] = field(default_factory=dict)
    _asking: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    async def admit(self, scope: Scope, caller: Caller) -> None:
        """Let a request in, once however often it is tried, and note the headers of its answer in its scope.

        Raises RateLimitedError, or UnavailableError where the database would have to be asked.
        """
        if self.most is None or "touchbase.rate_limit" in scope:
            return
        lease = await self._lease(caller, self.most)
        is_over = lease.in_hand == 0
        if not is_over:
            lease.in_hand -= 1
        seconds = math.ceil(lease.ends - self.clock())
        scope["touchbase.rate_limit"] = {
            "RateLimit-Policy": f'"default";q={self.most};w={usage.WINDOW.seconds}',
            "RateLimit": f'"default";r={lease.in_hand + lease.left};t={seconds}',
        }
        if is_over:
            raise RateLimitedError(seconds)

    async def _lease(self, caller: Caller, most: int) -> Lease:
        """A lease to take from, or one that shows that the minute is used up; all who wait for one ask together."""
        while True:
            lease = self._current(caller.agency_id)
            if lease and (lease.in_hand or not lease.left):
                return lease
            wanted = max(1, (lease.left if lease else most) // CHUNKS)
            if caller.agency_id not in self._asking:
                self._asking[caller.agency_id] = asyncio.create_task(self._ask(caller, wanted, most))
            await asyncio.shield(self._asking[caller.agency_id])

    def _current(self, agency_id: UUID) -> Lease | None:
        lease = self._leases.get(agency_id)
        return lease if lease and self.clock() < lease.ends else None

    async def _ask(self, caller: Caller, wanted: int, most: int) -> None:
        began = self.clock()
        try:
            async with self.database.transaction(caller.agency_id) as db:
                granted = await usage.take(db, caller, wanted, most=most, now=db.info["now"])
            lease = Lease(granted.requests, granted.left, began + granted.seconds)
            self._leases[caller.agency_id] = lease
        finally:
            del self._asking[caller.agency_id]
