"""Deliveries: events on their way to endpoints, in order for each subject, by any number of senders (H16, R3, R7).

A sender leases queues, calls the endpoints with the first delivery of each while no transaction is open, and then
writes what came of it, where the lease is still its own. It does so for many queues at once, as one transaction costs
about as much for many as for one.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, RowMapping, Text, bindparam, insert, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.models import Delivery, DeliveryAttempt, EndpointState, WebhookEndpoint
from app.rules.delivery import Fate, fate_of, next_attempt
from app.rules.events import EventType
from app.services import delivery_queues, endpoint_health
from app.services.delivery_queues import Wait
from app.services.events import Placed
from app.services.scope import Caller, columns_of

# Whoever finds more than there is room for looks again after this, unless another sender was quicker.
PAUSE = timedelta(milliseconds=250)

_chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Terms:
    """For how long a queue is leased, and how many seconds pass before each attempt of a delivery."""

    lease: timedelta
    schedule: Sequence[float]


@dataclass(frozen=True, slots=True)
class Job:
    """A leased queue with its first delivery: all that a sender must know. The secrets are sealed.

    `endpoint_as_of` is when the endpoint had last been changed by then.
    """

    queue_id: UUID
    lease: UUID
    endpoint_id: UUID
    endpoint_as_of: datetime
    subject_id: UUID
    url: str
    secrets: Sequence[bytes]
    delivery_id: UUID
    number: int
    event_id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a call: the status, or in words of ours why there is none."""

    job: Job
    attempted_at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How many calls a sender can take on: of one endpoint, of all, and those of each that it has under way."""

    each: int
    all: int
    busy: Counter[UUID]


async def fan_out(
    db: AsyncSession, caller: Caller, events: Sequence[Placed], *, now: datetime, delay: float
) -> None:
    """Put events on their way to every endpoint that takes them; the first attempt is due in `delay` seconds."""
    endpoints = await _endpoints(db, caller) if events else {}
    pairs = [
        (endpoint_id, event)
        for endpoint_id, endpoint in endpoints.items()
        for event in events
        if endpoint["state"] is not EndpointState.DISABLED and _takes(endpoint, event)
    ]
    await add(db, caller, pairs, now=now)
    keys = {(endpoint_id, event.subject_id) for endpoint_id, event in pairs}
    await delivery_queues.add(db, caller, keys, now + timedelta(seconds=delay))


async def add(
    db: AsyncSession, caller: Caller, pairs: Sequence[tuple[UUID, Placed]], *, now: datetime
) -> None:
    """Let there be a pending delivery of each event to its endpoint, unless there is one of any kind."""
    rows = [
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "webhook_endpoint_id": endpoint_id,
            "event_id": event.id,
            "subject_id": event.subject_id,
            "sequence": event.sequence,
            "created_at": now,
        }
        for endpoint_id, event in pairs
    ]
    if rows:
        await db.execute(upsert(Delivery).on_conflict_do_nothing(), rows)


def _takes(endpoint: RowMapping, event: Placed) -> bool:
    """A test is for the endpoint that it is about; that it was disabled is for all others."""
    if event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return bool(event.subject_id == endpoint["id"])
    types: list[str] | None = endpoint["types"]
    return bool(event.subject_id != endpoint["id"]) and (types is None or event.type in types)


async def claim(db: AsyncSession, caller: Caller, room: Room, *, terms: Terms, now: datetime) -> list[Job]:
    """Lease queues whose time has come, as many as there is room for, of endpoints that are enabled."""
    endpoints = {
        endpoint_id: row
        for endpoint_id, row in (await _endpoints(db, caller)).items()
        if row["state"] is EndpointState.ENABLED
    }
    rooms = _rooms(room, endpoints)
    if not rooms:
        return []
    queues = {
        row["id"]: row for row in await delivery_queues.lease(db, caller, rooms, now + terms.lease, now=now)
    }
    firsts = await delivery_queues.firsts(db, caller, list(queues.values()))
    # What is kept no longer was pending, perhaps, for as long.
    empty = queues.keys() - {first["queue_id"] for first in firsts}
    await delivery_queues.remove(db, caller, empty)
    return [
        _job(queue, first, endpoints[queue["webhook_endpoint_id"]], now)
        for first in firsts
        for queue in [queues[first["queue_id"]]]
    ]


def _rooms(room: Room, endpoints: Mapping[UUID, RowMapping]) -> dict[UUID, int]:
    """How many more calls of each endpoint there is room for; the least busy come first."""
    rooms, left = {}, room.all - room.busy.total()
    for endpoint_id in sorted(endpoints, key=lambda each: room.busy[each]):
        free = min(room.each - room.busy[endpoint_id], left)
        if free > 0:
            rooms[endpoint_id] = free
            left -= free
    return rooms


async def again_at(db: AsyncSession, caller: Caller, *, now: datetime) -> datetime | None:
    """When somebody should look for deliveries again, be it for a lease that has run out; None if none is pending."""
    enabled = [
        endpoint_id
        for endpoint_id, row in (await _endpoints(db, caller)).items()
        if row["state"] is EndpointState.ENABLED
    ]
    found = await delivery_queues.next_at(db, caller, enabled)
    return None if found is None else max(found, now + PAUSE)


async def finish(
    db: AsyncSession,
    caller: Caller,
    attempts: Sequence[Attempt],
    *,
    terms: Terms,
    now: datetime,
    going_on: bool = True,
) -> list[Job]:
    """Write what came of calls; gives what is next in their queues, under leases anew, unless not `going_on`.

    An attempt whose lease another has taken over is not ours to write any more, and one that began before its endpoint
    was last changed or enabled says nothing of that.
    """
    endpoints = await _endpoints(db, caller)
    newsworthy = endpoint_health.newsworthy(_said(attempts, endpoints), endpoints, now=now)
    endpoints |= await _locked(db, caller, newsworthy)
    leases = {attempt.job.queue_id: attempt.job.lease for attempt in attempts}
    queues = await delivery_queues.held(db, caller, leases)
    own = [attempt for attempt in attempts if attempt.job.queue_id in queues]
    if not own:
        return []
    fates = [
        fate_of(
            attempt.status,
            attempts=queues[attempt.job.queue_id]["attempts"] + 1,
            schedule=terms.schedule,
            now=now,
            chance=_chance(),
        )
        for attempt in own
    ]
    await _record(db, caller, own, fates, now)
    ended = await endpoint_health.note(db, caller, _said(own, endpoints), endpoints, now=now)
    open_ = {
        endpoint_id: row
        for endpoint_id, row in endpoints.items()
        if going_on and endpoint_id not in ended and row["state"] is EndpointState.ENABLED
    }
    again_at = {a.job.delivery_id: fate.next_attempt_at for a, fate in zip(own, fates, strict=True)}
    return await _move_on(db, caller, list(queues.values()), again_at, open_, terms, now)


def _said(attempts: Sequence[Attempt], endpoints: Mapping[UUID, RowMapping]) -> dict[UUID, list[int | None]]:
    """What attempts say of their endpoints, those that began since these were changed or enabled."""
    said: dict[UUID, list[int | None]] = {}
    for attempt in attempts:
        endpoint = endpoints.get(attempt.job.endpoint_id)
        if endpoint is not None and endpoint["updated_at"] == attempt.job.endpoint_as_of:
            said.setdefault(attempt.job.endpoint_id, []).append(attempt.status)
    return said


async def _endpoints(db: AsyncSession, caller: Caller) -> dict[UUID, RowMapping]:
    """The agency's endpoints by their ids."""
    return {row["id"]: row for row in (await db.execute(columns_of(caller, WebhookEndpoint))).mappings()}


async def _locked(db: AsyncSession, caller: Caller, ids: Collection[UUID]) -> dict[UUID, RowMapping]:
    """Endpoints that nobody else can change meanwhile, as they are by then."""
    if not ids:
        return {}
    query = (
        columns_of(caller, WebhookEndpoint).where(WebhookEndpoint.id.in_(ids)).order_by(WebhookEndpoint.id)
    )
    return {row["id"]: row for row in (await db.execute(query.with_for_update(key_share=True))).mappings()}


async def _record(
    db: AsyncSession,
    caller: Caller,
    attempts: Sequence[Attempt],
    fates: Sequence[Fate],
    now: datetime,
) -> None:
    rows = [
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "delivery_id": attempt.job.delivery_id,
            "number": attempt.job.number,
            "attempted_at": attempt.attempted_at,
            "status": attempt.status,
            "error": attempt.error,
            "milliseconds": attempt.milliseconds,
        }
        for attempt in attempts
    ]
    await db.execute(insert(DeliveryAttempt), rows)
    judged = {
        "agency_id": caller.agency_id,
        "ids": [attempt.job.delivery_id for attempt in attempts],
        "states": [str(fate.state) for fate in fates],
        "now": now,
    }
    await db.execute(_JUDGE, judged)


async def _move_on(
    db: AsyncSession,
    caller: Caller,
    queues: Sequence[RowMapping],
    again_at: Mapping[UUID, datetime | None],
    open_: Mapping[UUID, RowMapping],
    terms: Terms,
    now: datetime,
) -> list[Job]:
    """Let queues go: those with nothing more, those that wait, and keep those that go on at once.

    `again_at` says when a delivery that was tried is tried again. Another may be first by then, which was sent again.
    """
    firsts = {row["queue_id"]: row for row in await delivery_queues.firsts(db, caller, queues)}
    jobs: list[Job] = []
    waiting: dict[UUID, Wait] = {}
    for queue in queues:
        first = firsts.get(queue["id"])
        if first is None:
            continue
        tried_again_at = again_at.get(first["id"])
        if tried_again_at is not None:
            waiting[queue["id"]] = (queue["attempts"] + 1, tried_again_at)
            continue
        due_at = next_attempt(first["created_at"], 0, terms.schedule, _chance()) or now
        endpoint = open_.get(queue["webhook_endpoint_id"])
        if endpoint is not None and due_at <= now:
            jobs.append(_job(queue, first, endpoint, now))
        else:
            waiting[queue["id"]] = (0, max(due_at, now))
    await delivery_queues.remove(db, caller, [queue["id"] for queue in queues if queue["id"] not in firsts])
    await delivery_queues.renew(db, caller, [job.queue_id for job in jobs], now + terms.lease)
    await delivery_queues.release(db, caller, waiting)
    return jobs


def _job(queue: RowMapping, first: RowMapping, endpoint: RowMapping, now: datetime) -> Job:
    expires_at = endpoint["previous_expires_at"]
    previous = [endpoint["previous_secret"]] if expires_at is not None and now < expires_at else []
    return Job(
        queue_id=queue["id"],
        lease=queue["lease"],
        endpoint_id=queue["webhook_endpoint_id"],
        endpoint_as_of=endpoint["updated_at"],
        subject_id=queue["subject_id"],
        url=endpoint["url"],
        secrets=(endpoint["secret"], *previous),
        delivery_id=first["id"],
        number=first["attempts"] + 1,
        event_id=first["event_id"],
        body=first["body"],
    )


_JUDGE = text(
    """
    UPDATE deliveries d SET state = n.state, attempts = d.attempts + 1,
        finished_at = CASE WHEN n.state = 'pending' THEN NULL ELSE CAST(:now AS timestamptz) END
    FROM unnest(:ids, :states) AS n (id, state) WHERE d.agency_id = :agency_id AND d.id = n.id
    """
).bindparams(
    bindparam("agency_id", type_=PG_UUID),
    bindparam("ids", type_=ARRAY(PG_UUID)),
    bindparam("states", type_=ARRAY(Text)),
    bindparam("now", type_=TIMESTAMP(timezone=True)),
)
