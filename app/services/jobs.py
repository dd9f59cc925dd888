"""Jobs: what changes about one has to be told to every candidate put forward for it (H4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import RetryError
from app.models import Application, Job, JobChange, RefKind
from app.rules.events import EventType
from app.services import objects, status
from app.services.applications import OPEN
from app.services.instants import following, happened_at
from app.services.objects import Refs, Saved
from app.services.outbox import Occurrence
from app.services.scope import Caller, find

# What a candidate has to hear of; a new title is the same job.
TOLD = ("salary", "responsibilities", "location", "contract", "state")


@dataclass(frozen=True, slots=True)
class Revised:
    """A saved job, the change that was logged, if any, and the open applications that it concerns."""

    saved: Saved[Job]
    change: JobChange | None = None
    concerned: Sequence[UUID] = ()

    @property
    def to_tell(self) -> Sequence[UUID]:
        """The open applications whose candidates must hear of the change: none of a correction."""
        return () if self.change is None or self.change.correction else self.concerned


async def save(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Revised:
    """Create a job, or change the one an external id names. Raises as `store`."""
    return await _refreshed(db, caller, await store(db, caller, values, refs, given=given, now=now), now)


async def store(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Revised:
    """Save a job and log what changed, of a new one nothing; the caller will refresh what it concerns.

    Raises InvalidError if the job named belongs to another client.
    """
    known_id = await objects.named(db, caller, RefKind.JOB, refs)
    concerned = [] if known_id is None else await lock(db, caller, known_id)
    before = None if known_id is None else _terms(await find(db, caller, Job, known_id))
    saved = await objects.put_within(
        db, caller, RefKind.JOB, Job, known_id, values, refs, given=given, owner="client_id", now=now
    )
    if before is None:
        return Revised(saved)
    change = await _log(db, caller, saved.row, before, changed_at=now, correction=False, now=now)
    return Revised(saved, change, concerned if change else ())


async def update(
    db: AsyncSession,
    caller: Caller,
    job_id: UUID,
    values: Mapping[str, Any],
    *,
    changed_at: datetime | None,
    correction: bool,
    now: datetime,
) -> Revised:
    """Change a job and log what changed at `changed_at`, by default now; a correction need not be told.

    Raises NotFoundError, and InvalidError for an instant to come.
    """
    changed_at = happened_at(changed_at, now, "/changed_at")
    concerned = await lock(db, caller, job_id)
    job = await find(db, caller, Job, job_id)
    before = _terms(job)
    await objects.change(db, job, values, now=now)
    change = await _log(db, caller, job, before, changed_at=changed_at, correction=correction, now=now)
    revised = Revised(Saved(job, created=False), change, concerned if change else ())
    return await _refreshed(db, caller, revised, now)


async def lock(db: AsyncSession, caller: Caller, job_id: UUID) -> list[UUID]:
    """Lock the candidates of a job's open applications and then the job; gives these applications.

    Nobody is put forward for the job from then on. One who was in between is not locked, and to lock them now would
    break the order of locks, so the request begins anew. Raises NotFoundError, RetryError.
    """
    seen = await _open_applications(db, caller, job_id)
    await status.lock(db, caller, seen)
    await find(db, caller, Job, job_id, lock=True)
    concerned = await _open_applications(db, caller, job_id)
    if not set(concerned) <= set(seen):
        raise RetryError
    return concerned


async def _open_applications(db: AsyncSession, caller: Caller, job_id: UUID) -> list[UUID]:
    query = select(Application.id).where(
        Application.agency_id == caller.agency_id, Application.job_id == job_id, OPEN
    )
    return list(await db.scalars(query.order_by(Application.id)))


def _terms(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in TOLD}


async def _log(
    db: AsyncSession,
    caller: Caller,
    job: Job,
    before: Mapping[str, Any],
    *,
    changed_at: datetime,
    correction: bool,
    now: datetime,
) -> JobChange | None:
    """Log how a job differs from what it was before, if it does."""
    after = _terms(job)
    difference = {name: {"from": before[name], "to": after[name]} for name in TOLD}
    difference = {name: pair for name, pair in difference.items() if pair["from"] != pair["to"]}
    if not difference:
        return None
    change = JobChange(
        agency_id=caller.agency_id,
        id=uuid7(),
        job_id=job.id,
        changed_at=changed_at,
        recorded_at=await _recorded_at(db, caller, job.id, now),
        difference=difference,
        correction=correction,
    )
    db.add(change)
    await db.flush()
    return change


async def _recorded_at(db: AsyncSession, caller: Caller, job_id: UUID, now: datetime) -> datetime:
    """When a change of a locked job is recorded: after earlier ones, and after what it finds put forward or closed."""
    changes = select(func.max(JobChange.recorded_at)).where(
        JobChange.agency_id == caller.agency_id, JobChange.job_id == job_id
    )
    applications = select(func.greatest(func.max(Application.created_at), func.max(Application.closed_at)))
    mine = applications.where(Application.agency_id == caller.agency_id, Application.job_id == job_id)
    latest = select(func.greatest(changes.scalar_subquery(), mine.scalar_subquery()))
    return following(await db.scalar(latest), now)


def changed_as(revised: Revised) -> list[Occurrence]:
    """What it means for the applications it concerns that a job was saved: news if its terms have changed."""
    if revised.change is None:
        return []
    ids = {"job_id": revised.saved.row.id, "job_change_id": revised.change.id}
    return [Occurrence(EventType.JOB_CHANGED, each, ids) for each in revised.concerned]


async def _refreshed(db: AsyncSession, caller: Caller, revised: Revised, now: datetime) -> Revised:
    """Recompute the applications that a change concerns, so that the duty to tell is there at once, or gone."""
    await status.refresh_many(db, caller, revised.concerned, changed_as(revised), now=now)
    return revised
