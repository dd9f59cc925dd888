"""Alembic's entry: one migration is one transaction, one runner at a time, and none waits long for a lock."""

import asyncio
import time

from alembic import context
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.models import Base
from migrations import RUNNERS_LOCK

WAIT_SECONDS = 0.1

LIMIT = "SET lock_timeout = '2s'"

# A script cannot wait as `migrate` does, so it refuses.
REFUSE_A_SECOND_RUNNER = f"""DO $$
BEGIN
    IF NOT pg_try_advisory_lock({RUNNERS_LOCK}) THEN
        RAISE EXCEPTION 'Another runner is migrating this database.';
    END IF;
END
$$"""


def migrate(connection: Connection) -> None:
    """Run what is asked, on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    wait_for_other_runners(connection)
    connection.execute(text(LIMIT))
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()


def wait_for_other_runners(connection: Connection) -> None:
    """Take the lock, however long the other runner has it. It goes with the connection, however that ends.

    In transactions that end at once: the other runner's CREATE INDEX CONCURRENTLY waits for every older transaction,
    and so would wait for one that waits for it.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": RUNNERS_LOCK}):
        connection.commit()
        time.sleep(WAIT_SECONDS)


async def connect_and_migrate() -> None:
    """Open a connection as the owner of the tables and migrate.

    The previous release's code runs this, too (R12): of `app` it takes the models alone, which every release has.
    """
    url = make_url(context.config.attributes["url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


def print_sql() -> None:
    """Write the statements that `migrate` would run, and run none."""
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    context.execute(REFUSE_A_SECOND_RUNNER)
    context.execute(LIMIT)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    asyncio.run(connect_and_migrate())
