"""The locks that a transaction holds, and who waits for some."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database

_MINE = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
# Within a transaction the sessions are those that there were when they were first asked for. What they wait for is not
# said to the application's role.
_LOOK_ANEW = "SELECT pg_stat_clear_snapshot()"
_WAITING = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


async def advisory_locks(db: AsyncSession) -> int:
    """How many of them are named ones, which no row stands for."""
    return await db.scalar(_MINE) or 0


async def queued(db: AsyncSession, *requests: asyncio.Task[object]) -> None:
    """Come back once as many wait for a lock as there are requests, or once one of these is answered."""
    while await _waiting(db) < len(requests) and not any(each.done() for each in requests):  # noqa: ASYNC110 - the database's
        await asyncio.sleep(0.01)


async def _waiting(db: AsyncSession) -> int:
    """How many wait for a lock in this database; others of its server are none of ours."""
    await db.execute(text(_LOOK_ANEW))
    return await db.scalar(text(_WAITING)) or 0


async def someone_waits(database: Database, *, does: bool = True) -> None:
    """Wait until somebody waits for a lock, or until nobody does any more."""
    async with database.spare.connection() as lent:
        while bool((await lent.driver.fetch(_WAITING))[0][0]) != does:  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.01)
