"""Delivery queues: what an endpoint still has to hear of one subject, leased by whoever sends it (R3).

All who lock several queues do it in the order of endpoint and subject, and who locks their endpoints or the log of
events as well locks first the endpoints, then the log, then the queues, so that nobody waits in a ring.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    ColumnElement,
    Integer,
    RowMapping,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid4, uuid7

from app.models import DeliveryQueue, WakeKind
from app.services import wakes
from app.services.scope import Caller, columns_of

Key = tuple[UUID, UUID]
Wait = tuple[int, datetime]

_AT = TIMESTAMP(timezone=True)


async def add(db: AsyncSession, caller: Caller, keys: Collection[Key], at: datetime) -> None:
    """Let there be a queue for each endpoint and subject; one that is there goes on waiting as it did.

    Such a one is locked all the same: a sender who finds it empty removes it, and must not miss what was added.
    """
    await _put(db, caller, keys, at, attempts=DeliveryQueue.attempts)


async def hurry(db: AsyncSession, caller: Caller, keys: Collection[Key], at: datetime) -> None:
    """Let there be a queue for each endpoint and subject, whose first delivery is due as if it were new."""
    await _put(db, caller, keys, at, **_as_new(at))


async def hurry_all(db: AsyncSession, caller: Caller, endpoint_id: UUID, at: datetime) -> None:
    """Let the first delivery of every queue of an endpoint be due as if it were new."""
    its = await _locked(db, caller, endpoint_id)
    statement = update(DeliveryQueue).where(*its).values(_as_new(at))
    await db.execute(statement.execution_options(synchronize_session=False))
    wakes.add(db, caller, {WakeKind.DELIVER: at})


def _as_new(at: datetime) -> dict[str, Any]:
    return {"attempts": 0, "next_attempt_at": func.least(DeliveryQueue.next_attempt_at, at)}


async def _put(db: AsyncSession, caller: Caller, keys: Collection[Key], at: datetime, **changed: Any) -> None:
    if not keys:
        return
    rows = [
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "webhook_endpoint_id": endpoint_id,
            "subject_id": subject_id,
            "attempts": 0,
            "next_attempt_at": at,
        }
        for endpoint_id, subject_id in sorted(keys)
    ]
    place = ["agency_id", "webhook_endpoint_id", "subject_id"]
    await db.execute(upsert(DeliveryQueue).on_conflict_do_update(index_elements=place, set_=changed), rows)
    wakes.add(db, caller, {WakeKind.DELIVER: at})


async def lease(
    db: AsyncSession, caller: Caller, rooms: Mapping[UUID, int], until: datetime, *, now: datetime
) -> Sequence[RowMapping]:
    """Lease queues whose time has come, of each endpoint as many as there is room for; no one waits for another."""
    leased = {
        "agency_id": caller.agency_id,
        "endpoints": list(rooms),
        "rooms": list(rooms.values()),
        "lease": uuid4(),
        "until": until,
        "now": now,
    }
    return (await db.execute(_LEASE, leased)).mappings().all()


async def held(db: AsyncSession, caller: Caller, leases: Mapping[UUID, UUID]) -> dict[UUID, RowMapping]:
    """Of queues and their leases those that are still leased so, locked."""
    query = (
        columns_of(caller, DeliveryQueue)
        .where(DeliveryQueue.id.in_(leases))
        .order_by(DeliveryQueue.webhook_endpoint_id, DeliveryQueue.subject_id)
        .with_for_update(key_share=True)
    )
    rows = (await db.execute(query)).mappings()
    return {row["id"]: row for row in rows if row["lease"] == leases[row["id"]]}


async def firsts(db: AsyncSession, caller: Caller, queues: Sequence[RowMapping]) -> Sequence[RowMapping]:
    """The first pending delivery of each queue that has any, with its event."""
    if not queues:
        return []
    asked = {
        "agency_id": caller.agency_id,
        "ids": [queue["id"] for queue in queues],
        "endpoints": [queue["webhook_endpoint_id"] for queue in queues],
        "subjects": [queue["subject_id"] for queue in queues],
    }
    return (await db.execute(_FIRSTS, asked)).mappings().all()


async def next_at(db: AsyncSession, caller: Caller, endpoints: Sequence[UUID]) -> datetime | None:
    """When the next queue of some endpoints is due, or its lease runs out."""
    asked = {"agency_id": caller.agency_id, "endpoints": endpoints}
    found: datetime | None = await db.scalar(_NEXT, asked)
    return found


async def renew(db: AsyncSession, caller: Caller, ids: Collection[UUID], until: datetime) -> None:
    """Keep leased queues for another delivery."""
    if ids:
        its = (DeliveryQueue.agency_id == caller.agency_id, DeliveryQueue.id.in_(ids))
        anew = {"attempts": 0, "leased_until": until, "next_attempt_at": until}
        statement = update(DeliveryQueue).where(*its).values(anew)
        await db.execute(statement.execution_options(synchronize_session=False))


async def release(db: AsyncSession, caller: Caller, waits: Mapping[UUID, Wait]) -> None:
    """Give leased queues back, each with the attempts of its first delivery and when the next one is due."""
    if waits:
        released = {
            "agency_id": caller.agency_id,
            "ids": list(waits),
            "attempts": [attempts for attempts, _ in waits.values()],
            "ats": [at for _, at in waits.values()],
        }
        await db.execute(_RELEASE, released)
        wakes.add(db, caller, {WakeKind.DELIVER: min(at for _, at in waits.values())})


async def remove(db: AsyncSession, caller: Caller, ids: Collection[UUID]) -> None:
    """Remove locked queues in which nothing is pending any more."""
    if ids:
        its = (DeliveryQueue.agency_id == caller.agency_id, DeliveryQueue.id.in_(ids))
        statement = delete(DeliveryQueue).where(*its)
        await db.execute(statement.execution_options(synchronize_session=False))


async def remove_all(db: AsyncSession, caller: Caller, endpoint_id: UUID) -> None:
    """Remove the queues of an endpoint, whoever has leased them."""
    its = await _locked(db, caller, endpoint_id)
    await db.execute(delete(DeliveryQueue).where(*its).execution_options(synchronize_session=False))


async def _locked(db: AsyncSession, caller: Caller, endpoint_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Lock the queues of an endpoint.

    They are told by what they have in common, as there may be more of them than a statement takes parameters.
    """
    its = (DeliveryQueue.agency_id == caller.agency_id, DeliveryQueue.webhook_endpoint_id == endpoint_id)
    await db.execute(
        select(DeliveryQueue.id).where(*its).order_by(DeliveryQueue.subject_id).with_for_update()
    )
    return its


_LEASE = text(
    """
    WITH free AS (
        SELECT q.id FROM unnest(:endpoints, :rooms) AS e (id, room)
        CROSS JOIN LATERAL (
            SELECT id FROM delivery_queues
            WHERE agency_id = :agency_id AND webhook_endpoint_id = e.id AND next_attempt_at <= :now
                AND (leased_until IS NULL OR leased_until <= :now)
            ORDER BY next_attempt_at LIMIT e.room FOR NO KEY UPDATE SKIP LOCKED) q)
    UPDATE delivery_queues q SET lease = :lease, leased_until = :until, next_attempt_at = :until
    FROM free WHERE q.agency_id = :agency_id AND q.id = free.id
    RETURNING q.id, q.webhook_endpoint_id, q.subject_id, q.lease
    """
).bindparams(
    bindparam("agency_id", type_=PG_UUID),
    bindparam("endpoints", type_=ARRAY(PG_UUID)),
    bindparam("rooms", type_=ARRAY(Integer)),
    bindparam("lease", type_=PG_UUID),
    bindparam("until", type_=_AT),
    bindparam("now", type_=_AT),
)

_NEXT = text(
    """
    SELECT min(q.next_attempt_at) FROM unnest(:endpoints) AS e (id)
    CROSS JOIN LATERAL (
        SELECT next_attempt_at FROM delivery_queues WHERE agency_id = :agency_id AND webhook_endpoint_id = e.id
        ORDER BY next_attempt_at LIMIT 1) q
    """
).bindparams(bindparam("agency_id", type_=PG_UUID), bindparam("endpoints", type_=ARRAY(PG_UUID)))

_FIRSTS = text(
    """
    SELECT q.id AS queue_id, d.id, d.attempts, d.created_at, d.event_id, e.body
    FROM unnest(:ids, :endpoints, :subjects) AS q (id, endpoint_id, subject_id)
    CROSS JOIN LATERAL (
        SELECT * FROM deliveries
        WHERE agency_id = :agency_id AND webhook_endpoint_id = q.endpoint_id AND subject_id = q.subject_id
            AND state = 'pending'
        ORDER BY sequence LIMIT 1) d
    CROSS JOIN LATERAL (
        SELECT body FROM events WHERE agency_id = :agency_id AND id = d.event_id LIMIT 1) e
    """
).bindparams(
    bindparam("agency_id", type_=PG_UUID),
    *(bindparam(name, type_=ARRAY(PG_UUID)) for name in ("ids", "endpoints", "subjects")),
)

_RELEASE = text(
    """
    UPDATE delivery_queues q SET lease = NULL, leased_until = NULL, attempts = n.attempts, next_attempt_at = n.at
    FROM unnest(:ids, :attempts, :ats) AS n (id, attempts, at) WHERE q.agency_id = :agency_id AND q.id = n.id
    """
).bindparams(
    bindparam("agency_id", type_=PG_UUID),
    bindparam("ids", type_=ARRAY(PG_UUID)),
    bindparam("attempts", type_=ARRAY(Integer)),
    bindparam("ats", type_=ARRAY(_AT)),
)
