"""The locks that a transaction holds."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MINE = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")


async def advisory_locks(db: AsyncSession) -> int:
    """How many of them are advisory."""
    return await db.scalar(_MINE) or 0
