"""Publications: events get their place in the log, and in the same step go on their way to all who are to be told."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.services import deliveries, events
from app.services.scope import Caller


async def publish(
    db: AsyncSession, caller: Caller, *, delay: float, now: datetime, waits: bool = True
) -> bool:
    """Publish one batch of the agency's events, to be delivered in `delay` seconds; False where there are none.

    That is so, too, where somebody else is at it, unless they are waited for.
    """
    placed = await events.place(db, caller, waits=waits)
    if placed:
        await deliveries.fan_out(db, caller, placed, now=now, delay=delay)
    return bool(placed)
