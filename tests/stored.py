"""The stored status rows of an agency, and what they should be."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Database, driver_of
from app.models import EventStream
from app.services import status
from app.services.scope import Caller
from tests.agency import Agency


@dataclass(frozen=True, order=True)
class Row:
    """A stored reason, but for the id that it happens to have."""

    candidate_id: str
    application_id: str
    code: str
    flagged_from: datetime
    flagged_until: datetime
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None


async def reasons_of(database: Database, agency: Agency) -> list[Row]:
    """What is stored."""
    async with database.transaction(agency.id) as db:
        return await _rows(db)


async def reasons_computed_anew(database: Database, agency: Agency) -> list[Row]:
    """What would be stored if everything were computed now."""
    caller = Caller(agency.id, "test", frozenset())
    async with database.transaction(agency.id) as db:
        applications = await _ids(db, "applications")
        await status.refresh(db, caller, applications, now=db.info["now"])
        await status.refresh_candidates(db, caller, await _ids(db, "candidates"), now=db.info["now"])
        await writes.flush(db)
        rows = await _rows(db)
        await driver_of(db).rollback()
    return rows


async def computed_at(database: Database, agency: Agency, application_id: str) -> datetime:
    """When the status of an application was last computed, whether or not it changed."""
    async with database.transaction(agency.id) as db:
        query = select(EventStream.announced_until).where(EventStream.id == UUID(application_id))
        return (await db.scalars(query)).one() or datetime.min.replace(tzinfo=UTC)


async def due_of(agency: Agency, **params: Any) -> list[tuple[str, str]]:
    """The due list as codes with their levels."""
    cards = (await agency.get("/v1/due", limit=200, **params))["items"]
    return sorted((item["code"], item["level"]) for card in cards for item in card["items"])


async def _ids(db: AsyncSession, table: str) -> list[UUID]:
    return list(await db.scalars(text(f"SELECT id FROM {table} ORDER BY id")))


async def _rows(db: AsyncSession) -> list[Row]:
    columns = Row.__dataclass_fields__
    listed = ", ".join(f"{name}::text" if name.endswith("_id") else name for name in columns)
    found = await db.execute(text(f"SELECT {listed} FROM reasons"))
    return sorted((Row(*row) for row in found), key=repr)
