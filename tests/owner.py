"""A database as its owner sees and changes it: its rows, and the schema as it stands."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.connections import async_url

Found = TypeVar("Found")
Rows = set[tuple[object, ...]]

# All that makes a schema, in PostgreSQL's own words.
CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
            AND conrelid::regclass::text <> 'alembic_version'
        """,
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        """,
    "the rest": """
        SELECT relname, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i')
        UNION ALL SELECT proname, 'f' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT typname, 't' FROM pg_type
            WHERE typnamespace = 'public'::regnamespace AND typtype NOT IN ('c', 'b')
        UNION ALL SELECT tgname, 'T' FROM pg_trigger WHERE NOT tgisinternal
        """,
}

# What the migrations alone make: who may do what, and see which rows.
WALLS = {
    "grants": """
        SELECT relname, relrowsecurity, relforcerowsecurity, relacl::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        """,
    "policies": "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies",
}

FAIL_AT_COMMIT = (
    """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'failed at commit' USING ERRCODE = '%s'; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON clients DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fail()
    """,
)


async def as_owner(url: str, *statements: str) -> None:
    """Change a scratch database as its owner."""
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def within(url: str, work: Callable[[Connection], Found]) -> Found:
    """Something done in a transaction as the owner."""

    async def connected() -> Found:
        engine = create_async_engine(async_url(url), poolclass=NullPool)
        async with engine.begin() as connection:
            return await connection.run_sync(work)

    return asyncio.run(connected())


def execute(url: str, *statements: str) -> None:
    """Statements run in one transaction as the owner."""
    within(url, lambda connection: [connection.execute(text(statement)) for statement in statements])


def rows(url: str, sql: str) -> Rows:
    """The answer to a question."""
    return within(url, lambda connection: {tuple(row) for row in connection.execute(text(sql))})


def catalogue(url: str) -> dict[str, Rows]:
    """A schema as it stands."""
    return {name: rows(url, sql) for name, sql in (CATALOGUE | WALLS).items()}


def revisions(url: str) -> Rows:
    """The revision that a database says it is at."""
    return rows(url, "SELECT version_num FROM alembic_version")
