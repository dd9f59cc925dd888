"""Publications: events get their place in the log, and are at the same time put on their way to the endpoints."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import deliveries, events
from app.services.scope import Caller


async def publish(db: AsyncSession, caller: Caller, *, now: datetime, delay: float = 0) -> bool:
    """Publish a batch of events, to be delivered in `delay` seconds; False where there are none left."""
    placed = await events.publish(db, caller)
    await deliveries.fan_out(db, caller, placed, now=now, delay=delay)
    return bool(placed)
