"""Covers: who does a consultant's work while they are away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record  # type: ignore[import-untyped]
from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import Statement
from app.errors import ConflictError, InvalidError
from app.models import Consultant, Cover
from app.rules.calendar import local_instant
from app.services import locks
from app.services.locks import Lock
from app.services.scope import AGENCY, Caller, find, look_up, rows_of

# When a cover really ends: `least` takes no notice of what is null.
_ends = func.least(Cover.until, Cover.cancelled_at)

# Whoever would do the work, and theirs in turn, each in the time that all covers before have in common.
_COMES_ROUND = text(
    """
WITH RECURSIVE chain (consultant_id, start, until) AS (
  SELECT CAST(:covered_by AS uuid), CAST(:start AS timestamptz), CAST(:until AS timestamptz)
  UNION
  SELECT c.covered_by, greatest(chain.start, c.start), least(chain.until, c.until, c.cancelled_at)
  FROM chain JOIN covers c ON c.agency_id = :agency_id AND c.consultant_id = chain.consultant_id
  WHERE greatest(chain.start, c.start) < least(chain.until, c.until, c.cancelled_at)
)
SELECT EXISTS (SELECT FROM chain WHERE consultant_id = :consultant_id)
"""
)


# Whoever lists what is due asks for them.
_RUNNING = Statement(
    f"""
SELECT c.consultant_id, c.covered_by, s.name, c.start, LEAST(c.until, c.cancelled_at) AS ends
FROM covers c
{look_up("consultants", "s", "c", "covered_by")}
WHERE c.agency_id = {AGENCY} AND c.until > :first AND c.start <= :last AND LEAST(c.until, c.cancelled_at) > :first
"""
)


@dataclass(frozen=True, slots=True)
class Acting:
    """The consultant who does another's work."""

    id: UUID
    name: str


async def create(
    db: AsyncSession, caller: Caller, consultant_id: UUID, terms: Mapping[str, Any], *, now: datetime
) -> Cover:
    """Let a consultant be covered from one day to another, both included, as their own zone has the days.

    `terms` are `covered_by`, `from` and `to`. Raises NotFoundError; InvalidError for covering oneself and for days
    that end before they begin; ConflictError for days that are covered already, and for a cover that would come round
    to the consultant.
    """
    # Locked, so that a consultant who moves meanwhile takes this cover along. It comes before the lock of all covers:
    # nobody who has that waits for a consultant.
    consultant = await find(db, caller, Consultant, consultant_id, lock=True)
    other = await find(db, caller, Consultant, terms["covered_by"], pointer="/covered_by")
    if other is consultant:
        raise InvalidError("Nobody covers themselves.", code="cover_self", pointer="/covered_by")
    cover = _cover(consultant, other, terms["from"], terms["to"], now)
    if cover.until <= cover.start:
        raise InvalidError("A cover must not end before it begins.", code="cover_end", pointer="/to")
    # One is made after the other, so that no two make a ring together.
    await locks.take(db, caller, Lock.COVERS)
    await _check_free(db, caller, cover)
    await _check_chain(db, caller, cover)
    db.add(cover)
    await db.flush()
    return cover


async def cancel(db: AsyncSession, caller: Caller, cover_id: UUID, *, now: datetime) -> Cover:
    """End a cover now, be it running or still to come. Raises NotFoundError; ConflictError for one that is over."""
    cover = await find(db, caller, Cover, cover_id, lock=True)
    if cover.cancelled_at is not None or cover.until <= now:
        raise ConflictError("The cover is over already.", code="cover_over")
    cover.cancelled_at = now
    await db.flush()
    return cover


async def follow_zone(db: AsyncSession, caller: Caller, consultant: Consultant, *, now: datetime) -> None:
    """Put the covers of a consultant that are not over at the days that they name in the consultant's present zone.

    Nobody covers the consultant meanwhile.
    """
    await find(db, caller, Consultant, consultant.id, lock=True)
    lasting = rows_of(caller, Cover).where(Cover.consultant_id == consultant.id, _ends > now)
    for cover in (await db.scalars(lasting)).all():
        cover.start, cover.until = _span(consultant, cover.from_date, cover.to_date)
    await db.flush()


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of time, its end not included, and all whose work a consultant does in it."""

    start: datetime
    until: datetime
    owners: set[UUID]


@dataclass(frozen=True, slots=True)
class Rota:
    """The covers that fall into a span of time."""

    covers: Sequence[Record]

    def at(self, instant: datetime) -> dict[UUID, Acting]:
        """Who does the work of each consultant who is away at an instant: the end of the chain of covers.

        Where consultants moved so that covers come round, nobody is at the end, and everyone does their own work.
        """
        running = [cover for cover in self.covers if cover["start"] <= instant < cover["ends"]]
        direct = {cover["consultant_id"]: Acting(cover["covered_by"], cover["name"]) for cover in running}
        found = {consultant_id: _last(direct, consultant_id) for consultant_id in direct}
        return {consultant_id: acting for consultant_id, acting in found.items() if acting.id not in direct}

    def turns(self, consultant_id: UUID, first: datetime, last: datetime) -> list[Turn]:
        """The stretches of a span of time, in order, in each of which a consultant does the work of the same people."""
        reached = self._reach(consultant_id)
        near = [cover for cover in self.covers if cover["consultant_id"] in reached]
        changes = {at for cover in near for at in (cover["start"], cover["ends"]) if first < at < last}
        return [
            Turn(start, until, self._owners(consultant_id, start))
            for start, until in pairwise([first, *sorted(changes), last])
        ]

    def _reach(self, consultant_id: UUID) -> set[UUID]:
        """All whose work a consultant might do at some time of it, themselves included."""
        reached = {consultant_id}
        for _ in self.covers:  # no chain is longer than there are covers
            reached |= {cover["consultant_id"] for cover in self.covers if cover["covered_by"] in reached}
        return reached

    def _owners(self, consultant_id: UUID, instant: datetime) -> set[UUID]:
        """All whose work a consultant does at an instant: none while they are away."""
        away = self.at(instant)
        return set() if consultant_id in away else set(owners([consultant_id], away))


async def rota(db: AsyncSession, caller: Caller, first: datetime, last: datetime) -> Rota:
    """The covers of any consultants from one instant to another, both included."""
    parameters = {"agency_id": caller.agency_id, "first": first, "last": last}
    return Rota(await _RUNNING.fetch(db, parameters))


async def acting_at(db: AsyncSession, caller: Caller, at: datetime) -> dict[UUID, Acting]:
    """Who does the work of each consultant who is away at an instant: the end of the chain of covers."""
    return (await rota(db, caller, at, at)).at(at)


def owners(consultant_ids: Sequence[UUID], acting: Mapping[UUID, Acting]) -> list[UUID]:
    """Whose items some consultants see, once each: their own, and those of everybody whose work they do."""
    covered = (owner for owner, other in acting.items() if other.id in consultant_ids)
    return list(dict.fromkeys([*consultant_ids, *covered]))


def _last(direct: Mapping[UUID, Acting], consultant_id: UUID) -> Acting:
    acting = direct[consultant_id]
    for _ in direct:  # no chain is longer than there are covers
        acting = direct.get(acting.id, acting)
    return acting


def _cover(consultant: Consultant, other: Consultant, first: date, last: date, now: datetime) -> Cover:
    start, until = _span(consultant, first, last)
    return Cover(
        agency_id=consultant.agency_id,
        id=uuid7(),
        consultant_id=consultant.id,
        covered_by=other.id,
        from_date=first,
        to_date=last,
        start=start,
        until=until,
        recorded_at=now,
    )


def _span(consultant: Consultant, first: date, last: date) -> tuple[datetime, datetime]:
    """When some days begin, and when they are over, where the consultant is."""
    zone = ZoneInfo(consultant.timezone)
    return local_instant(zone, first, time.min), local_instant(zone, last + timedelta(days=1), time.min)


async def _check_free(db: AsyncSession, caller: Caller, cover: Cover) -> None:
    begins, ends = func.greatest(Cover.start, cover.start), func.least(_ends, cover.until)
    shared = rows_of(caller, Cover).where(Cover.consultant_id == cover.consultant_id, begins < ends)
    if await db.scalar(shared.limit(1)) is not None:
        raise ConflictError(
            "The consultant is covered in that time already.", code="cover_overlap", pointer="/from"
        )


async def _check_chain(db: AsyncSession, caller: Caller, cover: Cover) -> None:
    names = ("consultant_id", "covered_by", "start", "until")
    parameters = {"agency_id": caller.agency_id, **{name: getattr(cover, name) for name in names}}
    if await db.scalar(_COMES_ROUND, parameters):
        raise ConflictError(
            "In that time the consultant covers for the other, directly or through others.",
            code="cover_cycle",
            pointer="/covered_by",
        )
