"""Interviews: scheduled, moved, called off."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError
from app.models import Application, Interview, RefKind
from app.rules.events import EventType
from app.services import status
from app.services.objects import Refs, Saved, change, named, put_within
from app.services.outbox import Occurrence
from app.services.scope import Caller, find
from app.services.standings import Standing

# A trial month is the longest that anyone calls an interview.
LONGEST = timedelta(days=31)


async def schedule(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> tuple[Saved[Interview], Standing]:
    """Schedule an interview, or change the one an external id names. Raises NotFoundError, InvalidError."""
    await find(db, caller, Application, application_id)
    saved = await store(db, caller, {**values, "application_id": application_id}, refs, given=given, now=now)
    standings = await status.refresh(db, caller, [application_id], [saved_as(saved)], now=now)
    return saved, standings[application_id]


async def store(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Interview]:
    """Save an interview of the application it names; the caller will refresh. Raises InvalidError."""
    await status.lock(db, caller, [values["application_id"]])
    _check_times(values["start"], values["end"])
    known_id = await named(db, caller, RefKind.INTERVIEW, refs)
    return await put_within(
        db,
        caller,
        RefKind.INTERVIEW,
        Interview,
        known_id,
        values,
        refs,
        given=given,
        owner="application_id",
        now=now,
    )


async def update(
    db: AsyncSession, caller: Caller, interview_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> tuple[Interview, Standing]:
    """Move an interview, call it off, or say that it was held. Raises NotFoundError, InvalidError."""
    interview = await find(db, caller, Interview, interview_id)
    await status.lock(db, caller, [interview.application_id])
    await db.refresh(interview)
    _check_times(changes.get("start", interview.start), changes.get("end", interview.end))
    await change(db, interview, changes, now=now)
    occurrences = [saved_as(Saved(interview, created=False))]
    standings = await status.refresh(db, caller, [interview.application_id], occurrences, now=now)
    return interview, standings[interview.application_id]


def saved_as(saved: Saved[Interview]) -> Occurrence:
    """What it means for its application that an interview was saved."""
    event_type = EventType.INTERVIEW_CREATED if saved.created else EventType.INTERVIEW_UPDATED
    return Occurrence(event_type, saved.row.application_id, {"interview_id": saved.row.id})


def _check_times(start: datetime, end: datetime) -> None:
    """Raise InvalidError unless an interview ends after it starts."""
    if end <= start:
        raise InvalidError("An interview must end after it starts.", code="interview_end", pointer="/end")
    if end - start > LONGEST:
        raise InvalidError("An interview cannot take that long.", code="interview_end", pointer="/end")
