"""Whether the data is what it should be: what the rules themselves give, with a due list that fills a page."""

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Database, connected
from app.models import EventStream, Reason
from app.services import due, status
from app.services.cards import Wanted
from app.services.scope import Caller, worker
from tests.bench.data import Dataset, Place
from tests.bench.stories import Story

SAMPLE = 40


async def differing(dataset: Dataset, sample: int = SAMPLE) -> list[UUID]:
    """The applications of a sample whose stored rows the rules would make otherwise; computed anew, and undone."""
    draw = random.Random(sample)  # noqa: S311 - the same each time
    places, stories = list(dataset.places()), dataset.desk.stories
    chosen = [(draw.choice(places), draw.choice(stories)) for _ in range(sample)]
    async with connected(dataset.url) as database:
        return [
            place.id(story.application_id)
            for place, story in chosen
            if not await _is_as_computed(database, dataset, place, story)
        ]


async def cards(dataset: Dataset, most: int) -> int:
    """How many cards, up to so many, a page of the due list has that is asked for."""
    place = next(dataset.places())
    caller, owner = worker(place.agency_id), place.id(dataset.desk.stories[0].consultant_id)
    async with connected(dataset.url) as database, database.transaction(place.agency_id) as db:
        found = await due.due_list(db, caller, Wanted([owner]), at=db.info["now"], after=None, limit=most)
    return len(found.cards)


async def _is_as_computed(database: Database, dataset: Dataset, place: Place, story: Story) -> bool:
    caller, ids = worker(place.agency_id), [place.id(story.application_id)]
    async with database.transaction(place.agency_id) as db:
        stored = await _rows(db, caller, ids)
        undo = await db.begin_nested()
        await status.lock(db, caller, ids)
        await status.refresh(db, caller, ids, now=dataset.desk.told_at)
        await writes.flush(db)
        computed = await _rows(db, caller, ids)
        await undo.rollback()
    return bool(stored) and stored == computed


async def _rows(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> list[Any]:
    """All of the status rows of applications but their own ids, and what time will bring."""
    columns = [column for column in Reason.__table__.columns if column.name != "id"]
    shown = select(*columns).where(Reason.agency_id == caller.agency_id, Reason.application_id.in_(ids))
    coming = select(EventStream.id, EventStream.next_at).where(
        EventStream.agency_id == caller.agency_id, EventStream.id.in_(ids)
    )
    return [sorted(map(tuple, await db.execute(query)), key=str) for query in (shown, coming)]
