"""The due list: who is due a word, with one card for each candidate (M1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.cards import Item, Page, Wanted, named, page, summary
from app.services.scope import Caller


async def due_list(
    db: AsyncSession, caller: Caller, wanted: Wanted, *, at: datetime, after: list[Any] | None, limit: int
) -> Page:
    """Who is due a word at an instant, as cards in the order of P1."""
    return await page(db, caller, "candidate_id", _card, wanted, at=at, after=after, limit=limit)


def _card(items: Sequence[Item]) -> dict[str, Any]:
    return {
        "candidate": named(items[0].row, "candidate"),
        **summary(items),
        "items": [item.fields for item in items],
    }
