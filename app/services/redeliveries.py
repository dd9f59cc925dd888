"""What became of deliveries, and sending them again: one that somebody asks for, or all since an instant (R7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.models import Delivery, DeliveryAttempt, Event, WebhookEndpoint
from app.rules.delivery import DeliveryState
from app.rules.events import EventType
from app.services import deliveries, delivery_queues
from app.services import events as log
from app.services.events import Placed
from app.services.scope import Caller, columns_of, find

Attempts = dict[UUID, list[dict[str, Any]]]


def of_endpoint(caller: Caller, endpoint_id: UUID, states: Sequence[DeliveryState] = ()) -> Select[Any]:
    """An endpoint's deliveries with what they are about, all of them or those in some states."""
    columns = (*Delivery.__table__.columns, Event.type, Event.application_id, Event.candidate_id)
    its_event = and_(Event.agency_id == Delivery.agency_id, Event.id == Delivery.event_id)
    query = select(*columns).join(Event, its_event)
    query = query.where(Delivery.agency_id == caller.agency_id, Delivery.webhook_endpoint_id == endpoint_id)
    return query.where(Delivery.state.in_(states)) if states else query


async def read(db: AsyncSession, caller: Caller, endpoint_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """One delivery of an endpoint, as in `of_endpoint`. Raises NotFoundError."""
    await find(db, caller, WebhookEndpoint, endpoint_id)
    query = of_endpoint(caller, endpoint_id).where(Delivery.id == delivery_id)
    row = (await db.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return dict(row)


async def attempts_of(db: AsyncSession, caller: Caller, delivery_ids: Sequence[UUID]) -> Attempts:
    """The attempts of deliveries, first ones first."""
    query = columns_of(caller, DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(delivery_ids))
    found: Attempts = {delivery_id: [] for delivery_id in delivery_ids}
    for row in (await db.execute(query.order_by(DeliveryAttempt.number))).mappings():
        found[row["delivery_id"]].append(dict(row))
    return found


async def resend(
    db: AsyncSession, caller: Caller, endpoint_id: UUID, delivery_id: UUID, *, now: datetime
) -> dict[str, Any]:
    """Have a delivery sent again, whatever became of it, with all its attempts before it. Raises NotFoundError."""
    await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    row = await read(db, caller, endpoint_id, delivery_id)
    await _revive(db, caller, Delivery.id == delivery_id)
    await delivery_queues.hurry(db, caller, [(endpoint_id, row["subject_id"])], now)
    return await read(db, caller, endpoint_id, delivery_id)


async def recover(
    db: AsyncSession, caller: Caller, endpoint_id: UUID, *, since: datetime, now: datetime
) -> int:
    """Have every event since an instant sent that an endpoint takes and has not got; how many were not on their way.

    Raises NotFoundError. What is not placed in the log yet reaches the endpoint by itself. What is just being placed is
    waited for, as it may have passed the endpoint by.
    """
    endpoint = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    await log.lock(db, caller)
    events = _events(caller, endpoint, since)
    dead = and_(
        Delivery.webhook_endpoint_id == endpoint_id,
        Delivery.state == DeliveryState.DEAD,
        Delivery.event_id.in_(events.with_only_columns(Event.id)),
    )
    subjects = list(await _revive(db, caller, dead))
    subjects += await _first_time(db, caller, endpoint_id, events, now)
    await delivery_queues.hurry(db, caller, {(endpoint_id, subject_id) for subject_id in subjects}, now)
    return len(subjects)


def _events(caller: Caller, endpoint: WebhookEndpoint, since: datetime) -> Select[Any]:
    """The events of the log since an instant that an endpoint takes."""
    query = select(Event).where(
        Event.agency_id == caller.agency_id,
        Event.recorded_at >= since,
        Event.position.is_not(None),
        Event.type != EventType.WEBHOOK_ENDPOINT_TEST,
        Event.subject_id != endpoint.id,
    )
    return query if endpoint.types is None else query.where(Event.type.in_(endpoint.types))


async def _revive(db: AsyncSession, caller: Caller, which: ColumnElement[bool]) -> Sequence[UUID]:
    """Make deliveries pending; the subjects of those that were not."""
    statement = (
        update(Delivery)
        .where(Delivery.agency_id == caller.agency_id, which, Delivery.state != DeliveryState.PENDING)
        .values(state=DeliveryState.PENDING, finished_at=None)
        .returning(Delivery.subject_id)
        .execution_options(synchronize_session=False)
    )
    return (await db.scalars(statement)).all()


async def _first_time(
    db: AsyncSession, caller: Caller, endpoint_id: UUID, events: Select[Any], now: datetime
) -> Sequence[UUID]:
    """Deliveries of those events that the endpoint has none of; their subjects."""
    known = exists().where(
        Delivery.agency_id == caller.agency_id,
        Delivery.webhook_endpoint_id == endpoint_id,
        Delivery.event_id == Event.id,
    )
    columns = (Event.id, Event.type, Event.subject_id, Event.sequence)
    query = events.with_only_columns(*columns).where(~known).order_by(Event.position)
    placed = [Placed(*row) for row in await db.execute(query)]
    await deliveries.add(db, caller, [(endpoint_id, event) for event in placed], now=now)
    return [event.subject_id for event in placed]
