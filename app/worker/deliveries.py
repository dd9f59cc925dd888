"""Calls the agencies' endpoints with what they have to hear: many at once, and none at another's expense (H16, R3)."""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import httpx

from app.db import Database
from app.errors import OutboundError, RetryError, UnavailableError, UnsealableError
from app.models import WakeKind
from app.outbound import REST_SECONDS, GuardedTransport, Outbound, Reach
from app.rules.signatures import sign
from app.services import deliveries, wakes
from app.services.deliveries import Attempt, Job, Room, Terms
from app.services.scope import worker
from app.services.sealing import unseal
from app.settings import Settings
from app.worker.patience import patiently

CALLS_OF_AN_ENDPOINT = 16
CALLS = 256
CLIENTS = 256
GATHER_SECONDS = 0.02

logger = logging.getLogger("touchbase.deliveries")


@dataclass
class Desk:
    """An agency's part of a sender: what came of calls and is not written yet, and what keeps it busy.

    That is how many calls of each endpoint are under way, or not written yet: each may go on with another when it is.
    """

    agency_id: UUID
    busy: Counter[UUID] = field(default_factory=Counter)
    done: list[Attempt] = field(default_factory=list)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sender:
    """Leases deliveries and sends them, until it is closed."""

    def __init__(self, database: Database, secret: str, settings: Settings) -> None:
        self._database = database
        self._secret = secret
        self._seconds = settings.webhook_timeout
        lease = max(settings.lease_seconds, settings.webhook_timeout + REST_SECONDS)
        self._terms = Terms(timedelta(seconds=lease), settings.webhook_retry_schedule)
        self._clients = Clients(settings.webhook_reach)
        self._desks: dict[UUID, Desk] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._busy = 0  # with the calls of all desks
        self._closing = False

    async def deliver(self, agency_id: UUID) -> bool:
        """Begin to send what is due in an agency, as much as there is room for."""
        desk = self._desks.setdefault(agency_id, Desk(agency_id))
        caller = worker(agency_id)
        async with desk.writing:
            async with self._database.transaction(agency_id) as db:
                now = db.info["now"]
                if not await wakes.take(db, caller, WakeKind.DELIVER, now=now):
                    return False
                jobs = await deliveries.claim(db, caller, self._room(desk), terms=self._terms, now=now)
                again_at = await deliveries.again_at(db, caller, now=now)
                if again_at is not None:
                    wakes.add(db, caller, {WakeKind.DELIVER: again_at})
            self._begin(desk, jobs, now)
            return True

    async def close(self) -> None:
        """Finish the calls that are under way, and give back what is leased beyond them."""
        self._closing = True
        while self._calls:
            await asyncio.wait(self._calls)
        await self._clients.close()

    def _room(self, desk: Desk) -> Room:
        elsewhere = self._busy - desk.busy.total()
        # Half of what the others leave, so that there is room left for one more however slow all endpoints are (H16).
        share = 0 if self._closing else (CALLS - elsewhere + 1) // 2
        return Room(CALLS_OF_AN_ENDPOINT, share, desk.busy)

    def _begin(self, desk: Desk, jobs: Sequence[Job], now: datetime) -> None:
        asked = time.monotonic()
        for job in jobs:
            desk.busy[job.endpoint_id] += 1
            self._busy += 1
            call = asyncio.create_task(self._send(desk, job, now, asked))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _send(self, desk: Desk, job: Job, now: datetime, asked: float) -> None:
        """One call and what follows it. `now` is what the database's clock showed at `asked` (R6)."""
        began = time.monotonic()
        at = now + timedelta(seconds=began - asked)
        status, error = await self._call(job, at)
        milliseconds = round((time.monotonic() - began) * 1000)
        desk.done.append(Attempt(job, at, milliseconds, status, error))
        await self._write(desk)

    async def _call(self, job: Job, at: datetime) -> tuple[int | None, str | None]:
        """The status of a call, or why there is none."""
        try:
            signatures = [
                sign(unseal(each, self._secret).decode(), job.event_id, at, job.body) for each in job.secrets
            ]
        except UnsealableError:
            return None, "Its secret cannot be read since the service's own was changed; rotate it."
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "touchbase",
            "Accept-Encoding": "identity",
            "webhook-id": str(job.event_id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        try:
            async with self._clients.of(job.url) as client:
                return await client.post(job.url, headers, job.body, seconds=self._seconds), None
        except OutboundError as error:
            return None, str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this call alone
            logger.warning("delivery %s: call failed: %s", job.delivery_id, type(error).__name__)
            return None, "It could not be called."

    async def _write(self, desk: Desk) -> None:
        """Write what came of all calls that are done; whoever waited meanwhile finds nothing left to write."""
        async with desk.writing:
            if 0 < len(desk.done) < desk.busy.total():
                await asyncio.sleep(GATHER_SECONDS)  # so that many are written as one
            attempts, desk.done = desk.done, []
            if attempts:
                await self._write_patiently(desk, attempts)
                desk.busy -= _calls_of(attempts)
                self._busy -= len(attempts)

    async def _write_patiently(self, desk: Desk, attempts: Sequence[Attempt]) -> None:
        """What cannot be written is sent again, by whoever finds that the leases have run out."""
        try:
            await patiently(partial(self._write_once, desk, attempts))
        except (RetryError, UnavailableError):
            logger.warning("agency %s: %d attempts not written", desk.agency_id, len(attempts))
        except Exception as error:  # noqa: BLE001 - whatever it is, it may concern one of them alone
            # The error's own words might quote what somebody wrote.
            logger.warning("agency %s: attempt not written: %s", desk.agency_id, type(error).__name__)
            for attempt in attempts if len(attempts) > 1 else ():
                await self._write_patiently(desk, [attempt])

    async def _write_once(self, desk: Desk, attempts: Sequence[Attempt]) -> None:
        caller = worker(desk.agency_id)
        async with self._database.transaction(desk.agency_id) as db:
            now = db.info["now"]
            jobs = await deliveries.finish(
                db, caller, attempts, terms=self._terms, now=now, going_on=not self._closing
            )
            taken = desk.busy - _calls_of(attempts) + Counter(job.endpoint_id for job in jobs)
            room = self._room(desk)
            jobs += await deliveries.claim(
                db, caller, Room(room.each, room.all, taken), terms=self._terms, now=now
            )
        self._begin(desk, jobs, now)


def _calls_of(attempts: Sequence[Attempt]) -> Counter[UUID]:
    return Counter(attempt.job.endpoint_id for attempt in attempts)


@dataclass
class Client:
    """A client of one server, and how many calls it has under way."""

    outbound: Outbound
    calls: int = 0


class Clients:
    """A client for each server, so that its connections can be kept; those that are unused for longest are closed."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._clients: OrderedDict[tuple[str, bytes, int | None], Client] = OrderedDict()

    @asynccontextmanager
    async def of(self, url: str) -> AsyncIterator[Outbound]:
        """The client of a URL's server, for one call."""
        parsed = httpx.URL(url)
        server = (parsed.scheme, parsed.raw_host, parsed.port)
        client = self._clients.pop(server, None) or Client(self._outbound())
        self._clients[server] = client
        client.calls += 1
        try:
            yield client.outbound
        finally:
            client.calls -= 1
            await self._close_unused()

    async def close(self) -> None:
        """Close what is open."""
        for client in self._clients.values():
            await client.outbound.close()

    def _outbound(self) -> Outbound:
        return Outbound(GuardedTransport(self._reach, kept=CALLS_OF_AN_ENDPOINT))

    async def _close_unused(self) -> None:
        spare = len(self._clients) - CLIENTS
        unused = [server for server, client in self._clients.items() if not client.calls]
        for server in unused[: max(spare, 0)]:
            await self._clients.pop(server).outbound.close()
