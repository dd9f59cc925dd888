"""A believable agency."""

from collections.abc import Callable

from app.db import Database


async def load(database: Database, key: str, secret: str, *, report: Callable[[str], None]) -> None:
    """Load it once."""
    del database, key, secret
    report("demo")
