"""How many requests an agency has made in the current minute, counted where every process sees it (H12)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import AgencyUsage
from app.services.scope import Caller

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Granted:
    """What was granted of a minute, what is left of it for everybody, and for how many seconds it goes on."""

    requests: int
    left: int
    seconds: float


async def take(db: AsyncSession, caller: Caller, requests: int, *, most: int, now: datetime) -> Granted:
    """Take so many requests, or what is left of them, from the agency's minute, which has `most`.

    Who asks in vain is counted as well, so the count may end above the limit; what is granted never does.
    """
    asked = insert(AgencyUsage).values(
        agency_id=caller.agency_id, window_start=now.replace(second=0, microsecond=0), requests=requests
    )
    # A rival that began after us may have opened the next minute already: then we are counted there.
    is_new = AgencyUsage.window_start < asked.excluded.window_start
    counted = asked.on_conflict_do_update(
        index_elements=[AgencyUsage.agency_id],
        set_={
            "window_start": func.greatest(AgencyUsage.window_start, asked.excluded.window_start),
            "requests": case((is_new, requests), else_=AgencyUsage.requests + requests),
        },
    ).returning(AgencyUsage.window_start, AgencyUsage.requests)
    window_start, count = (await db.execute(counted)).one()
    before = count - requests
    return Granted(
        requests=min(requests, max(0, most - before)),
        left=max(0, most - count),
        seconds=(window_start + WINDOW - now).total_seconds(),
    )
