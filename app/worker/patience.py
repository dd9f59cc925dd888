"""Writing what came of a call, which cannot be taken back: not given up because the database is busy for a moment."""

import asyncio
from collections.abc import Awaitable, Callable

from app.errors import RetryError, UnavailableError

SECONDS = (0.2, 0.5, 1, 2, 5)  # between two attempts


async def patiently(write: Callable[[], Awaitable[None]]) -> None:
    """Write, and again where the database cannot be used. Raises what the last attempt raised, or any other error."""
    for seconds in SECONDS:
        try:
            return await write()
        except (RetryError, UnavailableError):
            await asyncio.sleep(seconds)
    return await write()
