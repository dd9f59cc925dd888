"""The locks that a transaction holds, and who waits for one."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MINE = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def advisory_locks(db: AsyncSession) -> int:
    """How many of them are advisory."""
    return await db.scalar(_MINE) or 0


async def queued(db: AsyncSession, *requests: asyncio.Task[object]) -> None:
    """Come back once as many wait for a lock as there are requests, or once one of these is answered."""
    while (await db.scalar(_WAITING) or 0) < len(requests) and not any(each.done() for each in requests):  # noqa: ASYNC110 - the database's
        await asyncio.sleep(0.01)
