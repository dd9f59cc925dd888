"""The log of events: each gets a place in it after its commit, so that a reader who goes on never skips one (R4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import GoneError, InvalidError, NotFoundError
from app.models import Delivery, DeliveryAttempt, Event, EventLog
from app.rules.events import EventType
from app.services.scope import AGENCY, Caller

BATCH = 1_000  # and where events are placed, as many deliveries of them
KEPT = timedelta(days=90)

# Events that have committed get the next places. Those of one subject get them in their own order, although one that
# waited for another's transaction may have begun, and be dated, before it. The more endpoints are to be told, the fewer
# they are: what is placed at once is put on its way at once, and others wait for that.
_PLACE = text(
    f"""
WITH unplaced AS (
  SELECT id, sequence, max(recorded_at) OVER (PARTITION BY subject_id ORDER BY sequence) AS placed_by
  FROM events WHERE agency_id = {AGENCY} AND position IS NULL
), numbered AS (
  SELECT id, row_number() OVER (ORDER BY placed_by, sequence, id) AS number FROM unplaced
  ORDER BY placed_by, sequence, id LIMIT (
    SELECT GREATEST(1, :limit / GREATEST(1, count(*))) FROM webhook_endpoints
    WHERE agency_id = {AGENCY} AND deleted_at IS NULL AND state <> 'disabled')
)
UPDATE events e SET position = :last + n.number FROM numbered n
WHERE e.agency_id = {AGENCY} AND e.id = n.id
RETURNING e.id, e.type, e.subject_id, e.sequence, e.position
"""
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An event that has just got its place in the log."""

    id: UUID
    type: EventType
    subject_id: UUID
    sequence: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the log: events with their positions and bodies, and after what it goes on."""

    events: Sequence[Any]
    next_after: int | UUID


async def place(db: AsyncSession, caller: Caller, *, waits: bool) -> list[Placed]:
    """Give the next events that have none a place in the log, as many as a batch holds; nobody else does meanwhile.

    Who is at it already is waited for, or left to it unless `waits`.
    """
    unplaced = select(Event.id).where(Event.agency_id == caller.agency_id, Event.position.is_(None)).limit(1)
    if await db.scalar(unplaced) is None:
        return []
    last = await lock(db, caller, waits=waits)
    if last is None:
        return []
    rows = (await db.execute(_PLACE, {"agency_id": caller.agency_id, "last": last, "limit": BATCH})).all()
    if rows:
        position = max(row.position for row in rows)
        log = update(EventLog).where(EventLog.agency_id == caller.agency_id)
        await db.execute(log.values(last_position=position))
    ordered = sorted(rows, key=lambda row: row.position)
    return [Placed(row.id, EventType(row.type), row.subject_id, row.sequence) for row in ordered]


async def lock(db: AsyncSession, caller: Caller, *, waits: bool = True) -> int | None:
    """Keep others from placing events until the transaction ends, and give the last position.

    None where somebody else is at it, unless that is waited for.
    """
    query = _last_position(caller)
    # An insertion would wait for whoever is at it, even where there is a row.
    if await db.scalar(query) is None:
        fresh = insert(EventLog).values(agency_id=caller.agency_id, last_position=0, pruned_position=0)
        await db.execute(fresh.on_conflict_do_nothing())
    last: int | None = await db.scalar(query.with_for_update(skip_locked=not waits))
    return last


async def last_position(db: AsyncSession, caller: Caller) -> int:
    """How far the log goes; 0 where nothing has a place in it yet."""
    return await db.scalar(_last_position(caller)) or 0


async def read(
    db: AsyncSession, caller: Caller, after: int | UUID | None, types: Sequence[EventType], *, limit: int
) -> Stretch:
    """The events after a position, or after an event; from the oldest kept where neither is given.

    After an event that has no place yet there is nothing to be told yet: one goes on from it as soon as it has one.

    Raises GoneError for a position whose next event is kept no longer, InvalidError for one that no event has yet,
    NotFoundError for an unknown event.
    """
    given = await _position(db, caller, after) if isinstance(after, UUID) else after
    if after is not None and given is None:
        return Stretch([], after)
    rows = (await db.execute(_stretch(caller, given, types, limit))).all()
    last, pruned = (rows[0].last_position, rows[0].pruned_position) if rows else (0, 0)
    start = pruned if given is None else given
    if start < pruned:
        raise GoneError("Events after this one are kept no longer.", code="events_gone", parameter="after")
    if start > last:
        # As after a backup was restored: to go on from there would skip what is recorded meanwhile.
        raise InvalidError("The log does not go that far.", code="after_beyond", parameter="after")
    events = [row for row in rows if row.id is not None]
    is_whole = len(events) < limit
    return Stretch(events, last if is_whole else events[-1].position)


def _stretch(
    caller: Caller, after: int | None, types: Sequence[EventType], limit: int
) -> Select[tuple[Any, ...]]:
    """How far the log goes, with each of the events to be read, or once with none.

    It is one statement, as what it reads must be of one moment: events may be placed and forgotten between two.
    """
    start = EventLog.pruned_position if after is None else after
    events = (
        select(Event.id, Event.position, Event.type, Event.body)
        .where(
            Event.agency_id == caller.agency_id,
            Event.position > start,
            Event.position <= EventLog.last_position,
            *([Event.type.in_(types)] if types else []),
        )
        .order_by(Event.position)
        .limit(limit)
        .lateral()
    )
    return (
        select(EventLog.last_position, EventLog.pruned_position, *events.c)
        .select_from(EventLog)
        .outerjoin(events, true())
        .where(EventLog.agency_id == caller.agency_id)
        .order_by(events.c.position)
    )


async def prune(db: AsyncSession, caller: Caller, *, now: datetime) -> bool:
    """Forget a batch of events older than 90 days, with their deliveries; False where there are none."""
    old = select(Event.id, Event.position).where(
        Event.agency_id == caller.agency_id, Event.recorded_at < now - KEPT, Event.position.is_not(None)
    )
    rows = (await db.execute(old.order_by(Event.position).limit(BATCH))).all()
    if not rows:
        return False
    log = update(EventLog).where(EventLog.agency_id == caller.agency_id)
    last = max(row.position for row in rows)
    await db.execute(log.values(pruned_position=func.greatest(EventLog.pruned_position, last)))
    # All up to there go, so that whoever reads on from it has missed nothing.
    ids = select(Event.id).where(Event.agency_id == caller.agency_id, Event.position <= last)
    deliveries = select(Delivery.id).where(Delivery.agency_id == caller.agency_id, Delivery.event_id.in_(ids))
    for table, column, which in (
        (DeliveryAttempt, DeliveryAttempt.delivery_id, deliveries),
        (Delivery, Delivery.event_id, ids),
        (Event, Event.id, ids),
    ):
        gone = delete(table).where(table.agency_id == caller.agency_id, column.in_(which))
        await db.execute(gone.execution_options(synchronize_session=False))
    return True


def _last_position(caller: Caller) -> Select[int]:
    return select(EventLog.last_position).where(EventLog.agency_id == caller.agency_id)


async def _position(db: AsyncSession, caller: Caller, event_id: UUID) -> int | None:
    query = select(Event.position).where(Event.agency_id == caller.agency_id, Event.id == event_id)
    positions = (await db.scalars(query)).all()
    if not positions:
        raise NotFoundError(parameter="after")
    return positions[0]
