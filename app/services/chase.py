"""The chase list: what waits on clients, with one card, and so one call, for each client contact."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.rules.vocabulary import Target
from app.services.cards import Item, Page, Wanted, page, summary
from app.services.scope import Caller


async def chase_list(
    db: AsyncSession, caller: Caller, wanted: Wanted, *, at: datetime, after: list[Any] | None, limit: int
) -> Page:
    """Which client contacts are due a word at an instant, as cards in the order of P1."""
    wanted = replace(wanted, targets=(Target.CLIENT,))
    return await page(db, caller, "client_contact_id", _card, wanted, at=at, after=after, limit=limit)


def _card(items: Sequence[Item]) -> dict[str, Any]:
    row, _, names = items[0]
    job = names.of[row.job_id]
    return {
        "client_contact": names.shown[row.client_contact_id],
        "client": {"id": job.client_id, "name": job.client_name} if job.client_id else None,
        **summary(items),
        "not_before": max(item.fields["not_before"] for item in items),
        "items": [{**item.fields, "candidate": names.shown[item.row.candidate_id]} for item in items],
    }
