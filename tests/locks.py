"""The locks that a transaction holds, and who waits for some."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database

_MINE = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def advisory_locks(db: AsyncSession) -> int:
    """How many of them are named ones, which no row stands for."""
    return await db.scalar(_MINE) or 0


async def queued(db: AsyncSession, *requests: asyncio.Task[object]) -> None:
    """Come back once as many wait for a lock as there are requests, or once one of these is answered."""
    query = text(_WAITING)
    while (await db.scalar(query) or 0) < len(requests) and not any(each.done() for each in requests):  # noqa: ASYNC110 - the database's
        await asyncio.sleep(0.01)


async def someone_waits(database: Database, *, does: bool = True) -> None:
    """Wait until somebody waits for a lock, or until nobody does any more."""
    async with database.spare.connection() as lent:
        while bool((await lent.driver.fetch(_WAITING))[0][0]) != does:  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.01)
