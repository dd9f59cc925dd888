"""Brings the schema of a database to the revision that this code needs."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db import DATABASE_ERRORS, async_url
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
    """Upgrade the schema to the newest revision, as the owner of the tables. Raises SetupError if it cannot connect."""
    asyncio.run(_connect(url))
    command.upgrade(alembic_config(url), "head")


async def _connect(url: str) -> None:
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.connect():
            pass
    except DATABASE_ERRORS as error:
        name = type(getattr(error, "orig", None) or error).__name__
        raise SetupError(f"Cannot connect to the database to migrate it ({name}).") from None
    finally:
        await engine.dispose()


def head() -> str:
    """The revision that this code needs."""
    revision = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    assert revision is not None
    return revision
