"""Pauses: times in which a candidate wants to be left alone (G3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ScalarSelect, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import ConflictError, InvalidError
from app.models import Candidate, Pause
from app.rules.events import EventType
from app.services import status
from app.services.outbox import Occurrence
from app.services.scope import Caller, find, rows_of
from app.services.standings import Standing

Terms = Mapping[str, Any]

# What a pause is that says nothing else.
UNSAID: Terms = {"allow_urgent": False, "reason": None}


async def create(
    db: AsyncSession, caller: Caller, candidate_id: UUID, terms: Terms, *, now: datetime
) -> tuple[Pause, list[Standing]]:
    """Record a pause and recompute all that concerns the candidate.

    `terms` are `from`, `until`, `allow_urgent` and `reason`. Raises NotFoundError; InvalidError for a pause that
    does not end after it starts; ConflictError for one that shares time with another of theirs.
    """
    candidate = await status.lock_candidate(db, caller, candidate_id)
    if terms["until"] <= terms["from"]:
        raise InvalidError("A pause must end after it starts.", code="pause_end", pointer="/until")
    await _check_free(db, caller, candidate_id, terms)
    pause = _add(db, caller, candidate_id, terms, now)
    return pause, await _recomputed(db, caller, candidate, pause, EventType.PAUSE_RECORDED, now)


async def lift(
    db: AsyncSession, caller: Caller, pause_id: UUID, *, now: datetime
) -> tuple[Pause, list[Standing]]:
    """End a pause now, be it running or still to come. Raises NotFoundError; ConflictError for one that is over."""
    pause = await find(db, caller, Pause, pause_id)
    candidate = await status.lock_candidate(db, caller, pause.candidate_id)
    await db.refresh(pause)
    if pause.lifted_at is not None or pause.until <= now:
        raise ConflictError("The pause is over already.", code="pause_over")
    pause.lifted_at = now
    return pause, await _recomputed(db, caller, candidate, pause, EventType.PAUSE_LIFTED, now)


async def replace(
    db: AsyncSession, caller: Caller, candidate: Candidate, terms: Terms | None, *, now: datetime
) -> None:
    """Let one pause, or none, take the place of all others: what `do_not_contact` says.

    The others are lifted, which shortens those not yet over. A pause that is said again stays as it is, so that a
    system may repeat itself. The caller has locked the candidate and will refresh.
    """
    standing = rows_of(caller, Pause).where(Pause.candidate_id == candidate.id, Pause.lifted_at.is_(None))
    others = {pause: _terms(pause) for pause in await db.scalars(standing)}
    wanted = terms and {**UNSAID, **terms}
    for pause, known in others.items():
        if known != wanted:
            pause.lifted_at = candidate.updated_at = now
    if wanted and wanted not in others.values():
        _add(db, caller, candidate.id, wanted, now)
        candidate.updated_at = now


def shown(caller: Caller, now: datetime) -> ScalarSelect[Any]:
    """The pause by which a candidate is described: the present one, else the next, else the last; for `SELECT`."""
    is_over = Pause.until <= now
    members = ("from", Pause.start, "until", Pause.until, "allow_urgent", Pause.allow_urgent)
    return (
        select(func.json_build_object(*members, "reason", Pause.reason, type_=JSON))
        .where(
            Pause.agency_id == caller.agency_id,
            Pause.candidate_id == Candidate.id,
            Pause.lifted_at.is_(None),
        )
        .order_by(is_over, case((is_over, None), else_=Pause.start), Pause.until.desc())
        .limit(1)
        .correlate(Candidate)
        .scalar_subquery()
    )


async def shown_of(
    db: AsyncSession, caller: Caller, candidate_id: UUID, *, now: datetime
) -> dict[str, Any] | None:
    """The pause by which one candidate is described, as `do_not_contact` has it."""
    query = select(shown(caller, now)).where(
        Candidate.agency_id == caller.agency_id, Candidate.id == candidate_id
    )
    found: dict[str, Any] | None = await db.scalar(query)
    return found


async def _check_free(db: AsyncSession, caller: Caller, candidate_id: UUID, terms: Terms) -> None:
    """Pauses may touch, and what was lifted is free again."""
    begins, ends = func.greatest(Pause.start, terms["from"]), func.least(Pause.until, Pause.lifted_at)
    shared = rows_of(caller, Pause).where(
        Pause.candidate_id == candidate_id, begins < func.least(ends, terms["until"])
    )
    if await db.scalar(shared.limit(1)) is not None:
        raise ConflictError(
            "The candidate has a pause in that time already.", code="pause_overlap", pointer="/from"
        )


def _add(db: AsyncSession, caller: Caller, candidate_id: UUID, terms: Terms, now: datetime) -> Pause:
    columns = {name: value for name, value in terms.items() if name != "from"}
    pause = Pause(
        agency_id=caller.agency_id,
        id=uuid7(),
        candidate_id=candidate_id,
        start=terms["from"],
        recorded_at=now,
        **columns,
    )
    db.add(pause)
    return pause


def _terms(pause: Pause) -> Terms:
    names = ("until", "allow_urgent", "reason")
    return {"from": pause.start, **{name: getattr(pause, name) for name in names}}


async def _recomputed(
    db: AsyncSession,
    caller: Caller,
    candidate: Candidate,
    pause: Pause,
    event_type: EventType,
    now: datetime,
) -> list[Standing]:
    """The pause is part of how the candidate is described, so they count as changed."""
    candidate.updated_at = now
    told = Occurrence(event_type, candidate.id, {"pause_id": pause.id})
    return list((await status.refresh_person(db, caller, candidate, [told], now=now)).values())
