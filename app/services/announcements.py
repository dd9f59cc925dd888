"""Announcements: time alone makes news too, at instants that the status rows name (R5).

Only subjects whose next instant has come are looked at, so the cost follows the instants and not the applications. Most
are told by PostgreSQL itself, see `passings`; here are those that need the facts and the rules.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import savepoint
from app.db_errors import DATABASE_ERRORS
from app.models import EventStream, WakeKind
from app.rules.events import Shown, level_of
from app.rules.intervals import touch_bases
from app.rules.vocabulary import Status
from app.services import facts, outbox, passings, reasons, status, wakes
from app.services.outbox import Past, Subject
from app.services.reasons import Owner
from app.services.scope import Caller
from app.services.standings import standing

BATCH = 200
PUT_OFF = timedelta(days=1)

logger = logging.getLogger("touchbase.announcements")


async def advance(db: AsyncSession, caller: Caller, *, now: datetime) -> bool:
    """Announce what has passed by now, of as many subjects as a batch holds, and wake a worker for what is next.

    False where nobody was woken for it.
    """
    claimed = await passings.claim(db, caller, now=now)
    if claimed.application_ids:
        await passings.tell(db, caller, claimed.application_ids, now=now)
    elif claimed.is_woken:
        await _announce_unclear(db, caller, now)
    return claimed.is_woken


async def _announce_unclear(db: AsyncSession, caller: Caller, now: datetime) -> None:
    due = select(EventStream.candidate_id).where(
        EventStream.agency_id == caller.agency_id, EventStream.next_at <= now
    )
    due = due.order_by(EventStream.next_at).limit(BATCH)
    chosen = {c_id for c_id in await db.scalars(due) if c_id}
    if chosen:
        await _announce(db, caller, sorted(chosen), now)
    await _wake(db, caller)


async def _wake(db: AsyncSession, caller: Caller) -> None:
    """Of those told together each has its own next instant: the wake is for the first of all the agency's."""
    upcoming = select(func.min(EventStream.next_at)).where(EventStream.agency_id == caller.agency_id)
    next_at = await db.scalar(upcoming)
    if next_at is not None:
        wakes.add(db, caller, {WakeKind.ANNOUNCE: next_at})


async def _announce(db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID], now: datetime) -> None:
    """Announce what has passed of candidates; one of whom that cannot be done waits, and stops nobody else (R7)."""
    try:
        async with savepoint(db):
            await _tell(db, caller, candidate_ids, now)
    except DATABASE_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - such as a date past the known holidays
        if len(candidate_ids) > 1:
            for candidate_id in candidate_ids:
                await _announce(db, caller, [candidate_id], now)
        else:
            why = type(error).__name__  # its own words might quote what somebody wrote
            logger.warning("agency %s: candidate %s is put off: %s", caller.agency_id, candidate_ids[0], why)
            await db.execute(
                update(EventStream)
                .where(_due(caller, candidate_ids, now))
                .values(next_at=now + PUT_OFF)
                .execution_options(synchronize_session=False)
            )


async def _tell(db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID], now: datetime) -> None:
    await status.lock_candidates(db, caller, candidate_ids)
    # Read once they are locked: whoever was quicker has told it.
    query = select(EventStream.id, EventStream.candidate_id, EventStream.touch_base_at)
    streams = (await db.execute(query.where(_due(caller, candidate_ids, now)))).all()
    touching = {row.id for row in streams if row.touch_base_at is not None and row.touch_base_at <= now}
    ids = [row.id for row in streams if row.id != row.candidate_id]
    applications = await status.owners_of(db, caller, ids)
    ids = [row.id for row in streams if row.id == row.candidate_id]
    people = await status.owners_of_candidates(db, caller, ids)
    pasts = await outbox.pasts(db, caller, [row.id for row in streams])
    subjects = await _applications(db, caller, list(applications.values()), pasts, touching, now)
    subjects += await _people(db, caller, list(people.values()), pasts, now)
    outbox.tell(db, caller, subjects, now=now)


def _due(caller: Caller, candidate_ids: Sequence[UUID], now: datetime) -> ColumnElement[bool]:
    return (
        (EventStream.agency_id == caller.agency_id)
        & (EventStream.next_at <= now)
        & EventStream.candidate_id.in_(candidate_ids)
    )


async def _applications(
    db: AsyncSession,
    caller: Caller,
    owners: Sequence[Owner],
    pasts: Mapping[UUID, Past],
    touching: set[UUID],
    now: datetime,
) -> list[Subject]:
    """Applications with their stored rows; the facts are read only where the rows do not say it all."""
    rows = await reasons.read(db, caller, owners)
    levels = {owner.subject_id: level_of(rows.get(owner.subject_id, []), now) for owner in owners}
    unclear = [subject_id for subject_id, level in levels.items() if level is None or subject_id in touching]
    cases = await facts.load(db, caller, unclear, as_of=now) if unclear else {}
    found = []
    for owner in owners:
        shown, level, case = (
            rows.get(owner.subject_id, []),
            levels[owner.subject_id],
            cases.get(owner.subject_id),
        )
        past = pasts[owner.subject_id]
        if case:
            word, touches = standing(case, now).status.status, touch_bases(*case, now)
            found.append(Subject(owner, word, past, shown, shown, touches))
        elif level:
            found.append(Subject(owner, Status(level), past, shown, shown))
    return found


async def _people(
    db: AsyncSession, caller: Caller, owners: Sequence[Owner], pasts: Mapping[UUID, Past], now: datetime
) -> list[Subject]:
    rows: dict[UUID, list[Shown]] = await reasons.read(db, caller, owners)
    found = []
    for owner in owners:
        review = await status.of_candidate(db, caller, owner.candidate_id, as_of=now)
        shown = rows.get(owner.subject_id, [])
        found.append(Subject(owner, review.status, pasts[owner.subject_id], shown, shown))
    return found
