"""Spreads the agencies over the machines of a Citus cluster, where the database is one.

All rows of an agency come to lie on one machine, as every key begins with the agency and no foreign key leaves it.
"""

import asyncio
from collections.abc import Collection

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from app.connections import APPLICATION_ROLE, IS_CLUSTER, async_url
from app.errors import SetupError
from app.models import Agency, Base
from migrations import RUNNERS_LOCK

_SEES_ALL = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
_SPREAD = text("SELECT logicalrelid::regclass::text FROM pg_dist_partition")
_ALONE = text(f"SELECT pg_advisory_lock({RUNNERS_LOCK})")

# The coordinator reaches the others under the role at work, and passes on to them which agency's rows it may see.
SETTINGS = (
    f"ALTER ROLE {APPLICATION_ROLE} LOGIN",
    """
    DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET citus.propagate_set_commands = local', current_database());
    END $$
    """,
)


def distribute(url: str) -> None:
    """Spread the tables that are not yet spread, as a role that sees all rows; on one machine do nothing.

    Raises SetupError for a role from which row-level security hides rows: they would be left behind.
    """
    asyncio.run(_distribute(url))


async def _distribute(url: str) -> None:
    engine = create_async_engine(async_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            if await connection.scalar(text(IS_CLUSTER)):
                await _spread(connection)
    finally:
        await engine.dispose()


async def _spread(connection: AsyncConnection) -> None:
    """Each table in a transaction of its own: a run that was cut off goes on with the next one."""
    if not await connection.scalar(_SEES_ALL):
        raise SetupError(
            "Spreading the tables over a Citus cluster takes a superuser, or a role with BYPASSRLS."
        )
    await connection.execute(_ALONE)
    for statement in statements(set(await connection.scalars(_SPREAD))):
        await connection.execute(text(statement))


def statements(spread: Collection[str]) -> list[str]:
    """What spreads the tables but those that are, in an order that the foreign keys allow."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in spread]
    whole = [f"SELECT create_reference_table('{table.name}')" for table in tables if not has_agency(table)]
    parts = [_part(table) for table in tables if has_agency(table)]
    return [*SETTINGS, *whole, *parts] if tables else []


def has_agency(table: Table) -> bool:
    """Whether each row of a table belongs to an agency, whose id is the first part of its key."""
    return table.primary_key.columns.keys()[0] == "agency_id"


def _part(table: Table) -> str:
    first = Agency.__tablename__
    beside = "" if table.name == first else f", colocate_with => '{first}'"
    return f"SELECT create_distributed_table('{table.name}', 'agency_id'{beside})"
