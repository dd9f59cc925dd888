"""The due list: who is due a word, with one card for each candidate (M1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.rules.vocabulary import Level
from app.services import covers
from app.services.cards import FLAGGED, LEVEL, Item, Page, Wanted, page, summary
from app.services.scope import AGENCY, Caller

_COUNT = text(
    f"SELECT {LEVEL} AS level, count(*) FROM reasons r WHERE r.agency_id = {AGENCY} AND {FLAGGED} GROUP BY 1"
).bindparams(bindparam("at", type_=TIMESTAMP(timezone=True)), bindparam("agency_id", type_=PG_UUID))

_COUNT_CARDS = text(
    f"""
SELECT count(DISTINCT r.candidate_id) FROM reasons r
WHERE r.agency_id = {AGENCY} AND {FLAGGED} AND r.consultant_id = ANY(:owners)
"""
).bindparams(
    bindparam("at", type_=TIMESTAMP(timezone=True)),
    bindparam("agency_id", type_=PG_UUID),
    bindparam("owners", type_=ARRAY(PG_UUID)),
)


async def due_list(
    db: AsyncSession, caller: Caller, wanted: Wanted, *, at: datetime, after: list[Any] | None, limit: int
) -> Page:
    """Who is due a word at an instant, as cards in the order of P1."""
    return await page(db, caller, "candidate_id", _card, wanted, at=at, after=after, limit=limit)


async def count_by_level(db: AsyncSession, caller: Caller, *, at: datetime) -> dict[Level, int]:
    """How many items the due list holds at an instant, at each level that occurs."""
    rows = await db.execute(_COUNT, {"agency_id": caller.agency_id, "at": at})
    return {Level(level): count for level, count in rows}


async def count_cards(db: AsyncSession, caller: Caller, consultant_id: UUID, *, at: datetime) -> int:
    """How many cards the whole due list of a consultant has."""
    mine = covers.owners([consultant_id], await covers.acting_at(db, caller, at))
    parameters = {"agency_id": caller.agency_id, "at": at, "owners": mine}
    count: int = (await db.scalars(_COUNT_CARDS, parameters)).one()
    return count


def _card(items: Sequence[Item]) -> dict[str, Any]:
    return {
        "candidate": items[0].names.shown[items[0].row.candidate_id],
        **summary(items),
        "items": [item.fields for item in items],
    }
