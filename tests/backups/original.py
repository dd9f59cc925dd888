"""A database in which everything has happened once, and how to tell that another is the same."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from app.db import connected
from app.main import create_app
from app.models import Base
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.world import build_world
from tests.owner import revisions, rows


@dataclass
class Original:
    """A database in which everything has happened once, and its backup."""

    url: str
    agency: Agency
    due: Json
    file: Path


async def due(url: str, key: str, document: Document) -> Json:
    """The due list of a database at a fixed instant, and so that the key works there."""
    async with connected(url) as database, client_of(create_app(database, SECRET), document) as http:
        headers = {"Authorization": f"Bearer {key}"}
        answer = await http.get("/v1/due", params={"as_of": "2026-07-29T09:00:00Z"}, headers=headers)
        found: Json = answer.json()
        return found


async def populate(url: str, document: Document) -> Agency:
    """An agency with its world."""
    async with connected(url) as database, client_of(create_app(database, SECRET), document) as http:
        agency = await found_agency(http, database, SECRET)
        await build_world(agency)
    return agency


def content(url: str) -> dict[str, object]:
    """Every row of every table, as PostgreSQL writes it."""
    return {table: rows(url, f'SELECT t::text FROM "{table}" t') for table in Base.metadata.tables}


def tables(url: str) -> object:
    """What stands in a database."""
    return rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")


async def visible(url: str, table: str, agency_id: UUID | None) -> int:
    """How many rows the application sees."""
    async with connected(url) as database, database.transaction(agency_id) as db:
        return await db.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def check_restored(url: str, original: Original, document: Document) -> None:
    """Everything is as it was."""
    assert content(url) == content(original.url)
    assert revisions(url) == revisions(original.url)
    assert original.due["items"]
    assert asyncio.run(due(url, original.agency.key, document)) == original.due
    for table in ("agencies", "debriefs", "reasons"):
        assert asyncio.run(visible(url, table, original.agency.id)) > 0
        assert asyncio.run(visible(url, table, uuid4())) == 0
        assert asyncio.run(visible(url, table, None)) == 0
