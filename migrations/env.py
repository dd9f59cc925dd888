"""Alembic's entry: one migration is one transaction, one runner at a time, and none waits long for a lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db import async_url
from app.models import Base

# Any number that nothing else locks: it keeps two runners apart.
ADVISORY_LOCK = 7_203_115


def migrate(connection: Connection) -> None:
    """Run what is asked, on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    # The other runner may take long; only then comes the limit, which would hold for this lock as well.
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.commit()
    # The lock goes with the connection, however this ends.
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_migrate() -> None:
    """Open a connection as the owner of the tables and migrate."""
    url = context.config.attributes["url"]
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


asyncio.run(connect_and_migrate())
