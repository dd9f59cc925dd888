"""Loads the demo into an agency: all of it in one transaction, or nothing."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.demo.circumstances import CIRCUMSTANCES
from app.demo.directory import arrange, gather
from app.demo.moments import Moments
from app.demo.records import play, put_forward
from app.demo.scenes import SCENES
from app.demo.stage import SOURCE, Stage
from app.models import RefKind
from app.services import facts, objects
from app.services.scope import Caller

REPORT_EVERY = 10

Report = Callable[[str], None]


async def load(database: Database, agency_id: UUID, *, report: Report, now: datetime | None = None) -> None:
    """Load it, once. Everything is dated relative to `now`, by default the time of the transaction."""
    caller = Caller(agency_id, SOURCE, frozenset())
    async with database.transaction(agency_id) as db:
        if await _is_loaded(db, caller):
            report("The demo is loaded already.")
            return
        policy = await facts.policy_of(db, caller)
        stage = Stage(db, caller, policy, Moments(policy.office, now or db.info["now"]))
        await _load(stage, report)


async def _load(stage: Stage, report: Report) -> None:
    report("Loading the demo.")
    await gather(stage)
    for circumstance in CIRCUMSTANCES:
        await arrange(stage, circumstance)
    for scene in SCENES:
        await put_forward(stage, scene)
    for count, scene in enumerate(SCENES, start=1):
        await play(stage, scene)
        if count % REPORT_EVERY == 0:
            report(f"  {count} of {len(SCENES)} applications")


async def _is_loaded(db: AsyncSession, caller: Caller) -> bool:
    known = objects.named_by(caller, RefKind.APPLICATION, [SOURCE])
    return await db.scalar(known.limit(1)) is not None
