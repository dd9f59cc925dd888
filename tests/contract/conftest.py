"""A world for each test, and the database in which it stands."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.connections import async_url
from tests.agency import Agency
from tests.contract.world import World, build_world


@pytest.fixture(scope="session")
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The database as its owner sees it, without PostgreSQL's walls in their way."""
    engine = create_async_engine(async_url(database_url))
    yield engine
    await engine.dispose()


@pytest.fixture
async def world(agency: Agency) -> World:
    """An agency with one of everything; another for each test, as some requests end an object for good."""
    return await build_world(agency)
