"""A change of policy reaches every stored status, in bounded batches that each happen whole or not at all.

The first batch is done with the change itself. What is left is divided into stretches, so that several workers can be
at it at once, each at a stretch that nobody else is at. In a stretch a batch follows the one before by the ids, which
only stay as they are, so that a process may be killed at any instant: what it had committed is done, and the next batch
begins there.

Whoever works at a stretch holds the policy first, and whoever changes the policy takes it first: so neither waits for a
row of the other. What one worker has locked, another leaves alone.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Select, cast, delete, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.db import Beginning, Statement
from app.models import AgencyWork, Application, Candidate, Job, Phase, Recomputation, RecomputationStretch
from app.rules.vocabulary import ApplicationState
from app.services import conditions, facts, files, status
from app.services.scope import AGENCY, Caller, rows_of

WORK = "recomputation"  # its kind in `agency_work`
BATCH = 100
FIRST_FEW = 25  # of the first batch are read and computed together
# Of each phase that is worth it: more than there will be workers, so that all have something to do.
STRETCHES = 8

# A stretch that nobody is at, of a change that is not applied yet, with the clock and the policy.
_FREE = Statement(
    f"""SELECT now() AS now, (SELECT g.policy FROM agencies g WHERE g.agency_id = {AGENCY}) AS agency_policy,
      s.id, s.phase, s.after_id, s.through_id, s.done, r.client_id
    FROM recomputation_stretches s
    JOIN recomputations r ON r.agency_id = {AGENCY} AND r.id = s.recomputation_id AND r.started_at = s.started_at
    WHERE s.agency_id = {AGENCY} AND NOT s.finished AND r.finished_at IS NULL
    ORDER BY s.id LIMIT 1 FOR UPDATE OF s SKIP LOCKED"""
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has been applied, in applications and candidates."""

    total: int
    done: int
    finished: bool


async def progress(db: AsyncSession, caller: Caller, client_id: UUID | None) -> Progress | None:
    """How far the last change of the agency's policy, or of a client's, has been applied; None before the first."""
    row = await db.scalar(_of_scope(caller, client_id))
    if row is None:
        return None
    done = await db.scalar(select(func.sum(RecomputationStretch.done)).where(*_of(caller, row))) or 0
    return Progress(row.total, row.done + done, row.finished_at is not None)


async def claim(db: AsyncSession, caller: Caller, client_id: UUID | None, *, now: datetime) -> Recomputation:
    """The row of the agency's policy, or of a client's, locked; the caller has taken the policy."""
    values = {"agency_id": caller.agency_id, "id": uuid7(), "client_id": client_id, "phase": Phase.OPEN}
    idle = {"total": 0, "done": 0, "started_at": now, "finished_at": now}
    await db.execute(insert(Recomputation).values(**values, **idle).on_conflict_do_nothing())
    return (await db.scalars(_of_scope(caller, client_id).with_for_update())).one()


def _of_scope(caller: Caller, client_id: UUID | None) -> Select[Recomputation]:
    """The work of the last change of the agency's policy, or of a client's."""
    return rows_of(caller, Recomputation).where(Recomputation.client_id.is_not_distinct_from(client_id))


async def restart(db: AsyncSession, caller: Caller, row: Recomputation, *, now: datetime) -> None:
    """Begin anew after a change of policy: the first batch at once, the rest in the background.

    The caller has claimed the row and taken the policy. Raises CalendarRangeError where a date of the first
    batch runs past the known holidays.
    """
    conditions.check(db)
    await _reset(db, caller, row, now)
    batch = await _first_batch(db, caller, row)
    await status.lock(db, caller, batch.applications, batch.candidates)
    await _recompute(db, caller, batch, now)
    _note(row, batch, now)
    if row.finished_at is None:
        await _leave_to_workers(db, caller)
    await db.flush()


async def begin(db: AsyncSession, caller: Caller, row: Recomputation, *, now: datetime) -> None:
    """Begin anew, all of it in the background. The caller has claimed the row and taken the policy."""
    await _reset(db, caller, row, now)
    await _leave_to_workers(db, caller)
    await db.flush()


async def _reset(db: AsyncSession, caller: Caller, row: Recomputation, now: datetime) -> None:
    await db.execute(delete(RecomputationStretch).where(*_left_by(caller, row)))
    row.phase, row.after_id, row.done = Phase.OPEN, None, 0
    row.started_at, row.finished_at = now, None
    row.total = await count(db, caller, row.client_id, Phase)


async def _leave_to_workers(db: AsyncSession, caller: Caller) -> None:
    """Put the agency on the list of those with work."""
    pointer = insert(AgencyWork).values(agency_id=caller.agency_id, kind=WORK)
    await db.execute(pointer.on_conflict_do_nothing())


def beginning(caller: Caller) -> Beginning:
    """How a transaction begins that is to do a batch: with the policy held and a stretch taken, in two messages."""
    return facts.beginning(caller, first=(_FREE, {"agency_id": caller.agency_id}))


async def advance(db: AsyncSession, caller: Caller, *, now: datetime) -> bool:
    """Do one batch of the agency's work that nobody else is doing; False where there is none."""
    stretch = await _claimed(db, caller)
    if stretch is None:
        return await _begin_or_end(db, caller, now)
    ids = await _next_ids(db, caller, stretch)
    left = await _PHASES[stretch["phase"]](db, caller, ids, now)
    for each in left:
        logger.warning("the policy of agency %s cannot be applied to %s", caller.agency_id, each)
    done = {
        "agency_id": caller.agency_id,
        "id": stretch["id"],
        "done": stretch["done"] + len(ids),
        "after_id": ids[-1] if ids else stretch["after_id"],
        "finished": len(ids) < BATCH,
    }
    writes.change(db, RecomputationStretch, [done])
    return True


async def _claimed(db: AsyncSession, caller: Caller) -> Any:
    """A stretch that nobody is at, locked, with the policy held; None where there is none."""
    if stretch := db.info.pop("begun", None):
        return stretch
    await facts.hold_policy(db, caller)
    found = await _FREE.fetch(db, {"agency_id": caller.agency_id})
    return found[0] if found else None


async def _next_ids(db: AsyncSession, caller: Caller, stretch: Any) -> list[UUID]:
    query = following(
        selected(caller, stretch["client_id"], Phase(stretch["phase"])), stretch["after_id"], BATCH
    )
    [column] = query.selected_columns
    through_id = stretch["through_id"]
    return list(await db.scalars(query if through_id is None else query.where(column <= through_id)))


async def _recompute_applications(
    db: AsyncSession, caller: Caller, ids: Sequence[UUID], now: datetime
) -> list[UUID]:
    """Compute applications anew but for those that cannot be, whose ids are returned: they stop nobody else."""
    await status.lock(db, caller, ids)
    return await status.recompute(db, caller, await files.load(db, caller, ids, as_of=now), now=now)


async def _recompute_candidates(
    db: AsyncSession, caller: Caller, ids: Sequence[UUID], now: datetime
) -> list[UUID]:
    """The same with candidates as persons."""
    await status.lock_candidates(db, caller, ids)
    left: list[UUID] = []
    await status.review(db, caller, await files.load_people(db, caller, ids), {}, now=now, left=left)
    return left


_PHASES = {
    Phase.OPEN: _recompute_applications,
    Phase.CLOSED: _recompute_applications,
    Phase.CANDIDATES: _recompute_candidates,
}


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
        at_client = exists().where(theirs, Application.job_id.in_(jobs))
        return people if client_id is None else people.where(at_client)
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


async def _first_batch(db: AsyncSession, caller: Caller, row: Recomputation) -> Batch:
    applications: list[UUID] = []
    candidates: list[UUID] = []
    for phase in Phase:
        room = BATCH - len(applications) - len(candidates)
        ids = list(await db.scalars(following(selected(caller, row.client_id, phase), None, room)))
        (candidates if phase is Phase.CANDIDATES else applications).extend(ids)
        if len(ids) == room:
            return Batch(applications, candidates, phase, ids[-1])
    return Batch(applications, candidates)


async def _recompute(db: AsyncSession, caller: Caller, batch: Batch, now: datetime) -> None:
    for begin in range(0, len(batch.applications), FIRST_FEW):
        await status.refresh(db, caller, batch.applications[begin : begin + FIRST_FEW], now=now)
    await status.refresh_candidates(db, caller, batch.candidates, now=now)


def _note(row: Recomputation, batch: Batch, now: datetime) -> None:
    row.done = batch.size
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
