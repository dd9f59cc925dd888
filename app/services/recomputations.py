"""A change of policy reaches every stored status, in bounded batches that each happen whole or not at all.

The first batch is done with the change itself. What is left is divided into stretches, so that several workers can be
at it at once, each at a stretch that nobody else is at. In a stretch a batch follows the one before by the ids, which
only stay as they are, so that a process may be killed at any instant: what it had committed is done, and the next batch
begins there.

Whoever works at a stretch holds the policy first. Whoever changes the policy has locked the recomputation by then, so
that a worker never waits for that row: it leaves one that is locked alone.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, cast, delete, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.db import savepoint
from app.errors import CalendarRangeError
from app.models import AgencyWork, Application, Candidate, Job, Recomputation, RecomputationStretch
from app.models.policies import Phase
from app.rules.vocabulary import ApplicationState
from app.services import conditions, facts, status
from app.services.scope import Caller, rows_of

WORK = "recomputation"  # its kind in `agency_work`
BATCH = 100
FEW = 50  # are computed in one go; requests to the same process have their turn in between
STRETCHES = (
    8  # of each phase that is worth it: more than there will be workers, so that all have something to do
)

logger = logging.getLogger("touchbase.recomputations")


@dataclass(frozen=True, slots=True)
class Batch:
    """What is computed anew together, and where the next batch begins; `phase` None where none follows."""

    applications: list[UUID]
    candidates: list[UUID]
    phase: Phase | None = None
    after_id: UUID | None = None

    @property
    def size(self) -> int:
        """How many things it holds."""
        return len(self.applications) + len(self.candidates)

    def parts(self, size: int) -> Iterator["Batch"]:
        """The same in smaller pieces."""
        for begin in range(0, len(self.applications), size):
            yield Batch(self.applications[begin : begin + size], [])
        for begin in range(0, len(self.candidates), size):
            yield Batch([], self.candidates[begin : begin + size])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has been applied, in applications and candidates."""

    total: int
    done: int
    finished: bool


async def progress(db: AsyncSession, caller: Caller, client_id: UUID | None) -> Progress | None:
    """How far the last change of the agency's policy, or of a client's, has been applied; None before the first."""
    row = await db.scalar(of_scope(caller, client_id))
    if row is None:
        return None
    done = await db.scalar(select(func.sum(RecomputationStretch.done)).where(*_of(caller, row))) or 0
    return Progress(row.total, row.done + done, row.finished_at is not None)


async def claim(db: AsyncSession, caller: Caller, client_id: UUID | None, *, now: datetime) -> Recomputation:
    """The row of the agency's policy, or of a client's: locked, so that changes of one policy queue up."""
    values = {"agency_id": caller.agency_id, "id": uuid7(), "client_id": client_id, "phase": Phase.OPEN}
    idle = {"total": 0, "done": 0, "started_at": now, "finished_at": now}
    await db.execute(insert(Recomputation).values(**values, **idle).on_conflict_do_nothing())
    return (await db.scalars(of_scope(caller, client_id).with_for_update())).one()


def of_scope(caller: Caller, client_id: UUID | None) -> Select[Recomputation]:
    """The work of the last change of the agency's policy, or of a client's."""
    return rows_of(caller, Recomputation).where(Recomputation.client_id.is_not_distinct_from(client_id))


async def restart(db: AsyncSession, caller: Caller, row: Recomputation, *, now: datetime) -> None:
    """Begin anew after a change of policy: the first batch at once, the rest in the background.

    The caller has claimed the row and taken the policy. Raises CalendarRangeError where a date of the first
    batch runs past the known holidays.
    """
    conditions.check(db)
    await db.execute(delete(RecomputationStretch).where(*_left_by(caller, row)))
    row.phase, row.after_id, row.done = Phase.OPEN, None, 0
    row.started_at, row.finished_at = now, None
    row.total = await count(db, caller, row.client_id, Phase)
    batch = await _first_batch(db, caller, row)
    await _lock(db, caller, batch)
    await _recompute(db, caller, batch, now)
    _note(row, batch, now)
    if row.finished_at is None:
        pointer = insert(AgencyWork).values(agency_id=caller.agency_id, kind=WORK)
        await db.execute(pointer.on_conflict_do_nothing())
    await db.flush()


async def advance(db: AsyncSession, caller: Caller, *, now: datetime) -> bool:
    """Do one batch of the agency's work that nobody else is doing; False where there is none."""
    await facts.hold_policy(db, caller)
    found = (await db.execute(_free_stretch(caller))).first()
    if found is None:
        return await _begin_or_end(db, caller, now)
    stretch, client_id = found
    ids = list(await db.scalars(_next_ids(caller, client_id, stretch)))
    batch = Batch([], ids) if stretch.phase is Phase.CANDIDATES else Batch(ids, [])
    await _lock(db, caller, batch)
    await _recompute_what_can_be(db, caller, batch, now)
    stretch.done += len(ids)
    stretch.after_id = ids[-1] if ids else stretch.after_id
    stretch.finished = len(ids) < BATCH
    await db.flush()
    return True


def _free_stretch(caller: Caller) -> Select[RecomputationStretch, UUID | None]:
    of_it = (Recomputation.agency_id == RecomputationStretch.agency_id) & (
        Recomputation.id == RecomputationStretch.recomputation_id
    )
    of_it &= Recomputation.finished_at.is_(None) & (
        Recomputation.started_at == RecomputationStretch.started_at
    )
    mine = (RecomputationStretch.agency_id == caller.agency_id, ~RecomputationStretch.finished)
    free = select(RecomputationStretch, Recomputation.client_id).join(Recomputation, of_it).where(*mine)
    return (
        free.order_by(RecomputationStretch.id)
        .limit(1)
        .with_for_update(of=RecomputationStretch, skip_locked=True)
    )


def _next_ids(caller: Caller, client_id: UUID | None, stretch: RecomputationStretch) -> Select[UUID]:
    query = following(selected(caller, client_id, stretch.phase), stretch.after_id, BATCH)
    [column] = query.selected_columns
    return query if stretch.through_id is None else query.where(column <= stretch.through_id)


async def _begin_or_end(db: AsyncSession, caller: Caller, now: datetime) -> bool:
    """Divide recomputations that nobody has begun, end those of which all is done; False where there are none."""
    unfinished = rows_of(caller, Recomputation).where(Recomputation.finished_at.is_(None))
    free = unfinished.order_by(Recomputation.id).with_for_update(skip_locked=True)
    rows = list(await db.scalars(free))
    if not rows:
        await _leave(db, caller)
    moved = [await _divide(db, caller, row) or await _end(db, caller, row, now) for row in rows]
    await db.flush()
    return any(moved)


async def _divide(db: AsyncSession, caller: Caller, row: Recomputation) -> bool:
    """Divide what is left into stretches, unless that has been done."""
    if await db.scalar(select(exists().where(*_of(caller, row)))):
        return False
    phases = list(Phase)
    for phase in phases[phases.index(row.phase) :]:
        after = row.after_id if phase is row.phase else None
        edges = [after, *await _edges(db, caller, row.client_id, phase, after), None]
        for begin, end in pairwise(edges):
            db.add(
                RecomputationStretch(
                    agency_id=caller.agency_id,
                    recomputation_id=row.id,
                    started_at=row.started_at,
                    phase=phase,
                    after_id=begin,
                    through_id=end,
                )
            )
    return True


async def _edges(
    db: AsyncSession, caller: Caller, client_id: UUID | None, phase: Phase, after: UUID | None
) -> list[UUID]:
    """The ids that part what is left of a phase into stretches of one size; none where it is not worth it."""
    left = following(selected(caller, client_id, phase), after, None).subquery()
    [column] = left.columns
    shares = [number / STRETCHES for number in range(1, STRETCHES)]
    edges = func.percentile_disc(cast(shares, ARRAY(Float))).within_group(column)
    count, found = (await db.execute(select(func.count(), edges).select_from(left))).one()
    return list(found) if count > STRETCHES * BATCH else []


async def _end(db: AsyncSession, caller: Caller, row: Recomputation, now: datetime) -> bool:
    """Note that all is done, unless somebody is still at it."""
    of_it = _of(caller, row)
    if await db.scalar(select(exists().where(*of_it, ~RecomputationStretch.finished))):
        return False
    row.done += await db.scalar(select(func.sum(RecomputationStretch.done)).where(*of_it)) or 0
    await db.execute(delete(RecomputationStretch).where(*_left_by(caller, row)))
    row.total, row.finished_at = row.done, now
    return True


def _of(caller: Caller, row: Recomputation) -> tuple[ColumnElement[bool], ...]:
    """The stretches of a change that is applied."""
    return (*_left_by(caller, row), RecomputationStretch.started_at == row.started_at)


def _left_by(caller: Caller, row: Recomputation) -> tuple[ColumnElement[bool], ...]:
    """The same with those of earlier changes, which the release before may have left."""
    return (
        RecomputationStretch.agency_id == caller.agency_id,
        RecomputationStretch.recomputation_id == row.id,
    )


def selected(caller: Caller, client_id: UUID | None, phase: Phase) -> Select[UUID]:
    """The ids of a phase: applications, or candidates who seek and have no application open."""
    jobs = select(Job.id).where(Job.agency_id == caller.agency_id, Job.client_id == client_id)
    is_open = Application.state != ApplicationState.CLOSED
    if phase is Phase.CANDIDATES:
        theirs = (Application.agency_id == caller.agency_id) & (Application.candidate_id == Candidate.id)
        people = select(Candidate.id).where(Candidate.agency_id == caller.agency_id, Candidate.seeking)
        # Kept from becoming a join: an agency that the planner does not know yet would be scanned for each candidate.
        people = people.where(~select(Application.id).where(theirs, is_open).offset(0).exists())
        return (
            people
            if client_id is None
            else people.where(exists().where(theirs, Application.job_id.in_(jobs)))
        )
    files = select(Application.id).where(Application.agency_id == caller.agency_id)
    files = files.where(is_open if phase is Phase.OPEN else ~is_open)
    return files if client_id is None else files.where(Application.job_id.in_(jobs))


def following(query: Select[UUID], after: UUID | None, limit: int | None) -> Select[UUID]:
    """The next ids of a phase, in their order."""
    [column] = query.selected_columns
    return (query if after is None else query.where(column > after)).order_by(column).limit(limit)


async def count(db: AsyncSession, caller: Caller, client_id: UUID | None, phases: Iterable[Phase]) -> int:
    """How many applications and candidates some phases hold."""
    queries = (selected(caller, client_id, phase).subquery() for phase in phases)
    counts = [await db.scalar(select(func.count()).select_from(query)) for query in queries]
    return sum(number or 0 for number in counts)


async def _lock(db: AsyncSession, caller: Caller, batch: Batch) -> None:
    theirs = select(Application.candidate_id).where(
        Application.agency_id == caller.agency_id, Application.id.in_(batch.applications)
    )
    await status.lock_candidates(db, caller, {*await db.scalars(theirs), *batch.candidates})


async def _first_batch(db: AsyncSession, caller: Caller, row: Recomputation) -> Batch:
    applications: list[UUID] = []
    candidates: list[UUID] = []
    phases = list(Phase)
    for phase in phases[phases.index(row.phase) :]:
        after = row.after_id if phase is row.phase else None
        room = BATCH - len(applications) - len(candidates)
        ids = list(await db.scalars(following(selected(caller, row.client_id, phase), after, room)))
        (candidates if phase is Phase.CANDIDATES else applications).extend(ids)
        if len(ids) == room:
            return Batch(applications, candidates, phase, ids[-1])
    return Batch(applications, candidates)


async def _recompute(db: AsyncSession, caller: Caller, batch: Batch, now: datetime) -> None:
    for part in batch.parts(FEW):
        if part.applications:
            await status.refresh(db, caller, part.applications, now=now)
        await status.refresh_candidates(db, caller, part.candidates, now=now)


async def _recompute_what_can_be(db: AsyncSession, caller: Caller, batch: Batch, now: datetime) -> None:
    """The same, but one whose dates run past the known holidays keeps its old rows and stops nobody else."""
    try:
        async with savepoint(db):
            await _recompute(db, caller, batch, now)
    except CalendarRangeError:
        if batch.size > 1:
            for one in batch.parts(1):
                await _recompute_what_can_be(db, caller, one, now)
        else:
            [left] = batch.applications or batch.candidates
            logger.warning("the policy of agency %s cannot be applied to %s", caller.agency_id, left)


def _note(row: Recomputation, batch: Batch, now: datetime) -> None:
    row.done += batch.size
    if batch.phase is None:
        row.total, row.after_id, row.finished_at = row.done, None, now
    else:
        row.phase, row.after_id = batch.phase, batch.after_id


async def _leave(db: AsyncSession, caller: Caller) -> None:
    """Take the agency off the list of those with work. While the policy is held nobody puts it there."""
    await facts.hold_policy(db, caller)
    unfinished = select(Recomputation.id).where(
        Recomputation.agency_id == caller.agency_id, Recomputation.finished_at.is_(None)
    )
    if await db.scalar(unfinished.limit(1)) is None:
        mine = (AgencyWork.agency_id == caller.agency_id, AgencyWork.kind == WORK)
        await db.execute(delete(AgencyWork).where(*mine))
