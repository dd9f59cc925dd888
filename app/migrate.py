"""Brings the schema of a database to the revision that this code needs."""

import asyncio
from functools import cache
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app import citus
from app.connections import async_url
from app.db_errors import DATABASE_ERRORS
from app.errors import SetupError

FOLDER = Path(__file__).parent.parent / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration for the database of `url`."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Upgrade the schema to the newest revision, as the owner of the tables, and spread it if there is a cluster.

    Raises SetupError if it cannot connect, or if the schema is a newer release's.
    """
    check_known(current_revision(url))
    command.upgrade(alembic_config(url), "head")
    citus.distribute(url)


def pending_sql(url: str) -> str:
    """The statements that `migrate` would run, as a script for psql; it raises what `migrate` raises."""
    revision = current_revision(url)
    check_known(revision)
    return upgrade_sql(revision, head())


def upgrade_sql(start: str | None, end: str) -> str:
    """The statements from one revision (None: an empty database) to another."""
    config = alembic_config("")
    config.output_buffer = StringIO()
    command.upgrade(config, f"{start or 'base'}:{end}", sql=True)
    return config.output_buffer.getvalue()


def current_revision(url: str) -> str | None:
    """The revision of a database's schema; None before the first. Raises SetupError if it cannot connect."""
    return asyncio.run(_current_revision(url))


async def _current_revision(url: str) -> str | None:
    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    except DATABASE_ERRORS as error:
        name = type(getattr(error, "orig", None) or error).__name__
        raise SetupError(f"Cannot connect to the database ({name}).") from None
    finally:
        await engine.dispose()


def check_known(revision: str | None) -> None:
    """Raise SetupError for a revision that this release has never heard of."""
    if revision is not None and revision not in _known():
        raise SetupError(f"The schema has revision {revision}, which a newer release made; use that release.")


def older() -> frozenset[str]:
    """The revisions from which the schema has still to be upgraded for this code."""
    return _known() - {head()}


def _known() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def head() -> str:
    """The revision that this code needs."""
    revision = _scripts().get_current_head()
    assert revision is not None
    return revision


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config(""))
