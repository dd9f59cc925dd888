"""Preferences: what a candidate looks for, asked again and again (K1), and what a new answer means for what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import ConflictError, NotFoundError
from app.models import Application, Candidate, Job, Preference
from app.rules.events import EventType
from app.rules.preferences import Bearing, bearing, changed_wishes
from app.rules.vocabulary import Wish
from app.services import revisions, status
from app.services.applications import OPEN
from app.services.instants import happened_at
from app.services.outbox import Occurrence
from app.services.scope import Caller, find, rows_of

NOTHING = {str(wish): None for wish in Wish}


@dataclass(frozen=True, slots=True)
class Affected:
    """An open application that a change of wishes may matter for."""

    application_id: UUID
    job_id: UUID
    bearing: Bearing


@dataclass(frozen=True, slots=True)
class Recorded:
    """A review and the open applications that its news may matter for."""

    preference: Preference
    affected: Sequence[Affected]


async def record(
    db: AsyncSession,
    caller: Caller,
    candidate_id: UUID,
    said: Mapping[str, Any],
    *,
    reviewed_at: datetime | None,
    now: datetime,
) -> Recorded:
    """Record what a candidate said they look for when asked, by default now; this settles a preference review (K1).

    `said` has the wishes as JSON; those absent are as before. Raises NotFoundError; InvalidError for a review to
    come, ConflictError for one before the latest.
    """
    candidate = await status.lock_candidate(db, caller, candidate_id)
    latest = await _latest(db, caller, candidate_id)
    at = _reviewed_at(reviewed_at, latest, now)
    before = latest.wishes if latest else NOTHING
    wishes = {**before, **said}
    row = Preference(
        agency_id=caller.agency_id,
        id=uuid7(),
        candidate_id=candidate_id,
        version=latest.version + 1 if latest else 1,
        reviewed_at=at,
        recorded_at=now,
        wishes=wishes,
        changed=changed_wishes(before, wishes),
    )
    db.add(row)
    candidate.last_preference_review_at = max(at, candidate.last_preference_review_at or at)
    await revisions.note(db, candidate, now)
    await db.flush()
    told = Occurrence(EventType.PREFERENCE_RECORDED, candidate_id, {"preference_id": row.id})
    await status.refresh_candidates(db, caller, [candidate_id], [told], now=now)
    return Recorded(row, await _affected(db, caller, row, before))


async def current(db: AsyncSession, caller: Caller, candidate_id: UUID) -> Preference:
    """The latest version of a candidate's preferences. Raises NotFoundError while there is none."""
    await find(db, caller, Candidate, candidate_id)
    latest = await _latest(db, caller, candidate_id)
    if latest is None:
        raise NotFoundError
    return latest


def changed_since(since: datetime) -> ColumnElement[bool]:
    """Versions recorded at or after an instant in which something changed."""
    return (Preference.recorded_at >= since) & (Preference.changed != [])


def whose_changed_since(caller: Caller, since: datetime) -> Select[UUID]:
    """The ids of candidates with such a version."""
    return select(Preference.candidate_id).where(
        Preference.agency_id == caller.agency_id, changed_since(since)
    )


def _reviewed_at(given: datetime | None, latest: Preference | None, now: datetime) -> datetime:
    """When the candidate was asked: every version builds on the one before, so none is put before the latest."""
    at = happened_at(given, now, "/reviewed_at")
    if latest is None or at >= latest.reviewed_at:
        return at
    if given is not None:
        raise ConflictError(
            "A later review is recorded already.", code="review_order", pointer="/reviewed_at"
        )
    return latest.reviewed_at


async def _latest(db: AsyncSession, caller: Caller, candidate_id: UUID) -> Preference | None:
    versions = rows_of(caller, Preference).where(Preference.candidate_id == candidate_id)
    latest: Preference | None = await db.scalar(versions.order_by(Preference.version.desc()).limit(1))
    return latest


async def _affected(
    db: AsyncSession, caller: Caller, row: Preference, before: Mapping[str, Any]
) -> list[Affected]:
    """The candidate's open applications for which what has changed may matter."""
    query = (
        select(Application.id, Application.job_id, Job.salary, Job.location, Job.contract)
        .join(Job, (Job.agency_id == Application.agency_id) & (Job.id == Application.job_id))
        .where(Application.agency_id == caller.agency_id, Application.candidate_id == row.candidate_id, OPEN)
        .order_by(Application.id)
    )
    found = [
        Affected(job["id"], job["job_id"], bearing(row.changed, before, row.wishes, dict(job)))
        for job in (await db.execute(query)).mappings()
    ]
    return [affected for affected in found if affected.bearing.members]
