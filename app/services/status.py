"""The status service: loads facts, applies the rules, keeps the status rows; the only writer of `reasons`."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Statement
from app.errors import CalendarRangeError, NotFoundError
from app.models import Application, Candidate
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.vocabulary import ApplicationState
from app.services import conditions, facts, files, outbox, reasons
from app.services.files import File, PersonalFile
from app.services.outbox import Occurrence, Subject
from app.services.reasons import Owner
from app.services.scope import AGENCY, Caller, find
from app.services.standings import (
    CandidateStanding,
    Computed,
    ComputedPerson,
    Standing,
    candidate_standing,
    standing,
)

# Applications of which something may still be due to the client.
FOLLOWED = (Application.state != ApplicationState.CLOSED) | Application.withdrawn_at.is_not(None)

BATCH = 200  # applications recomputed in one step

# In the background applications are computed so many at a stretch. If requests were at work meanwhile, by the time that
# their turn took, a rest of about as long follows: a process that never sleeps is given the processor late.
STRETCH = 20
BUSY_SECONDS = 0.0001
REST_SECONDS = 0.004

_CANDIDATES_OF = Statement(
    f"SELECT a.candidate_id FROM applications a WHERE a.agency_id = {AGENCY} AND a.id = ANY(:ids)"
)
_CONSULTANTS = Statement(
    f"SELECT p.id, {reasons.CONSULTANT} AS consultant_id FROM candidates p"
    f" WHERE p.agency_id = {AGENCY} AND p.id = ANY(:ids)"
)
_LOCK = Statement(
    f"""SELECT c.id FROM candidates c WHERE c.agency_id = {AGENCY} AND c.id = ANY(:ids)
    ORDER BY c.id FOR NO KEY UPDATE"""
)


def heeded(caller: Caller) -> ColumnElement[bool]:
    """Which applications a fact about their client contact may bear on: the followed, and all of who seeks (K1)."""
    seeks = exists().where(
        Candidate.agency_id == caller.agency_id, Candidate.id == Application.candidate_id, Candidate.seeking
    )
    return FOLLOWED | seeks


async def of_application(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    *,
    as_of: datetime,
    known_at: datetime = facts.FOREVER,
) -> Standing:
    """The status of an application at any instant, from the facts dated up to then and recorded by `known_at`.

    Raises NotFoundError, also for an application that was not known yet.
    """
    loaded = await facts.load(db, caller, [application_id], as_of=as_of, known_at=known_at)
    if application_id not in loaded:
        raise NotFoundError
    return standing(loaded[application_id], as_of)


async def of_candidate(
    db: AsyncSession,
    caller: Caller,
    candidate_id: UUID,
    *,
    as_of: datetime,
    known_at: datetime = facts.FOREVER,
) -> CandidateStanding:
    """The status of a candidate over all their applications, most urgent first.

    The instants are as in `of_application`. Raises NotFoundError, also for a candidate who was not known yet.
    """
    person = await facts.load_candidate(db, caller, candidate_id, known_at=known_at)
    policy = Policy.of(await facts.overrides_of(db, caller, known_at=known_at))
    ids = await applications_of(db, caller, candidate_id)
    cases = await facts.load(db, caller, ids, as_of=as_of, known_at=known_at)
    return candidate_standing(person, list(cases.values()), policy, as_of)


async def lock(
    db: AsyncSession, caller: Caller, application_ids: Iterable[UUID], candidate_ids: Iterable[UUID] = ()
) -> None:
    """Keep others from recording anything about candidates, and those of applications, until the transaction ends.

    Call it before the first write of a fact: two writers about one candidate then queue up instead of computing a
    status from half of what is known. The policy is held first, then candidates are locked, before anything else
    and always in the order of their ids, so that nobody waits in a ring.
    """
    # Read first: where its statistics do not know the agency yet, the planner would scan it for a join.
    named = {"agency_id": caller.agency_id, "ids": list(application_ids)}
    theirs = [row["candidate_id"] for row in await _CANDIDATES_OF.fetch(db, named)]
    await lock_candidates(db, caller, {*theirs, *candidate_ids})


async def lock_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, *, pointer: str | None = None
) -> Candidate:
    """The same for one candidate, whatever their applications; gives them as they are then.

    Raises NotFoundError; `pointer` names the member that gave the id.
    """
    await facts.hold_policy(db, caller)
    return await find(db, caller, Candidate, candidate_id, pointer=pointer, lock=True)


async def lock_candidates(db: AsyncSession, caller: Caller, candidate_ids: Iterable[UUID]) -> list[UUID]:
    """The same for several candidates; gives the ids of those who are there."""
    await facts.hold_policy(db, caller)
    found = await _LOCK.fetch(db, {"agency_id": caller.agency_id, "ids": list(candidate_ids)})
    return [row["id"] for row in found]


def lock_of_interview(caller: Caller, interview_id: UUID) -> str:
    """The statement that locks the candidate of an interview, for the beginning of a transaction."""
    agency, interview = UUID(str(caller.agency_id)), UUID(str(interview_id))
    return f"""
SELECT c.id FROM candidates c WHERE c.agency_id = '{agency}' AND c.id = (
  SELECT a.candidate_id FROM applications a WHERE a.agency_id = '{agency}' AND a.id = (
    SELECT i.application_id FROM interviews i WHERE i.agency_id = '{agency}' AND i.id = '{interview}'))
FOR NO KEY UPDATE"""


async def refresh(
    db: AsyncSession,
    caller: Caller,
    application_ids: Sequence[UUID],
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> dict[UUID, Standing]:
    """Compute the status of locked applications anew, replace their rows, and return where they stand now.

    The events of the occurrences that made it change, and of all that did change, go into the outbox.
    """
    await writes.flush(db)
    await facts.hold_policy(db, caller)
    found = await files.load(db, caller, application_ids, as_of=now)
    return await conclude(db, caller, found, occurrences, now=now)


async def conclude(
    db: AsyncSession,
    caller: Caller,
    found: Sequence[File],
    occurrences: Sequence[Occurrence],
    *,
    now: datetime,
) -> dict[UUID, Standing]:
    """The same for locked applications whose files are at hand.

    What is gathered to be written by then is in the files, and bears on no other application.
    """
    conditions.check(db)
    told = {occurrence.subject_id for occurrence in occurrences}
    standings, subjects = {}, []
    for file in found:
        computed = Computed(file, now)
        subjects += _renewed(db, caller, computed, told, now)
        standings[file.id] = computed.standing
    outbox.tell(db, caller, subjects, occurrences, now=now)
    await review(db, caller, files.people_of(found), files.cases_of(found), occurrences, now=now)
    return standings


async def recompute(db: AsyncSession, caller: Caller, found: Sequence[File], *, now: datetime) -> list[UUID]:
    """The same where nothing was recorded and nobody asks how they stand.

    Requests go first after each application. What has dates that run past the known holidays keeps its rows; the ids of
    such are returned.
    """
    left: list[UUID] = []
    subjects = []
    async for file in _requests_first(found):
        with _left_out(file.id, left):
            subjects += _renewed(db, caller, Computed(file, now), (), now)
    outbox.tell(db, caller, subjects, now=now)
    await review(db, caller, files.people_of(found), files.cases_of(found), now=now, left=left)
    return left


async def _requests_first(found: Sequence[File]) -> AsyncIterator[File]:
    busy = False
    for number, file in enumerate(found, start=1):
        began = time.perf_counter()
        await asyncio.sleep(0)
        busy = busy or time.perf_counter() - began > BUSY_SECONDS
        yield file
        if busy and number % STRETCH == 0:
            await asyncio.sleep(REST_SECONDS)
            busy = False


async def refresh_many(
    db: AsyncSession,
    caller: Caller,
    application_ids: Sequence[UUID],
    occurrences: Sequence[Occurrence],
    *,
    now: datetime,
) -> None:
    """The same for any number of applications, so many at a time that each statement stays short (R8)."""
    for start in range(0, len(application_ids), BATCH):
        await refresh(db, caller, application_ids[start : start + BATCH], occurrences, now=now)


async def refresh_candidates(
    db: AsyncSession,
    caller: Caller,
    candidate_ids: Iterable[UUID],
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> None:
    """Compute anew what concerns locked candidates as persons (K1)."""
    ids = sorted(candidate_ids)
    if ids:
        await writes.flush(db)
        await facts.hold_policy(db, caller)
    for start in range(0, len(ids), BATCH):
        people = await files.load_people(db, caller, ids[start : start + BATCH])
        await review(db, caller, people, {}, occurrences, now=now)


async def review(
    db: AsyncSession,
    caller: Caller,
    people: Collection[PersonalFile],
    cases: Mapping[UUID, Case],
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
    left: list[UUID] | None = None,
) -> None:
    """Compute anew what concerns locked candidates as persons (K1), of whose applications some `cases` are at hand.

    Given a list of who is `left` out, those whose dates run past the known holidays keep their rows and are added to
    it; without one that raises CalendarRangeError.
    """
    missing = [each for file in people for each in file.application_ids if each not in cases]
    if missing:
        cases = {**cases, **await facts.load(db, caller, missing, as_of=now)}
    policy = await facts.policy_of(db, caller)
    told = {occurrence.subject_id for occurrence in occurrences}
    subjects = []
    for file in people:
        with _left_out(file.id, left):
            theirs = [cases[each] for each in file.application_ids]
            one = ComputedPerson(file, theirs, policy, now)
            if one.intervals or file.stored or file.id in told:
                subjects += _renewed(db, caller, one, told, now)
    outbox.tell(db, caller, subjects, occurrences, now=now)


def _renewed(
    db: AsyncSession,
    caller: Caller,
    computed: Computed | ComputedPerson,
    told: Collection[UUID],
    now: datetime,
) -> list[Subject]:
    """Store what has been computed anew; of whom there may be news then, besides what was `told` of them."""
    file, new = computed.file, [reasons.stored(each) for each in computed.intervals]
    old = [row.says.shown for row in file.stored]
    difference = reasons.difference(file.stored, new)
    is_recorded = any(difference) or file.id in told
    if not is_recorded and outbox.is_still(file.past, old, computed.touch_bases, now):
        return []
    shown = [each.shown for each in new]
    subject = Subject(file.owner, computed.status, file.past, old, shown, computed.touch_bases)
    reasons.write(db, caller, file.owner, difference)
    return [subject]


@contextmanager
def _left_out(subject_id: UUID, left: list[UUID] | None) -> Iterator[None]:
    try:
        yield
    except CalendarRangeError:
        if left is None:
            raise
        left.append(subject_id)


async def refresh_person(
    db: AsyncSession,
    caller: Caller,
    candidate: Candidate,
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> dict[UUID, Standing]:
    """Compute all that concerns a locked candidate anew: every application, and what concerns them as a person."""
    ids = await applications_of(db, caller, candidate.id)
    standings = await refresh(db, caller, ids, occurrences, now=now) if ids else {}
    # With the applications of a candidate who seeks, their review has been computed already.
    if not (ids and candidate.seeking):
        await refresh_candidates(db, caller, [candidate.id], occurrences, now=now)
    return standings


async def applications_of(db: AsyncSession, caller: Caller, candidate_id: UUID) -> list[UUID]:
    """The applications that a fact about a candidate can bear on: all of theirs."""
    query = select(Application.id).where(
        Application.agency_id == caller.agency_id, Application.candidate_id == candidate_id
    )
    return list(await db.scalars(query.order_by(Application.id)))


async def owners_of(db: AsyncSession, caller: Caller, application_ids: Sequence[UUID]) -> dict[UUID, Owner]:
    """Whose reasons those of applications are, by application."""
    query = select(
        Application.id, Application.candidate_id, Application.consultant_id, Application.client_contact_id
    ).where(Application.agency_id == caller.agency_id, Application.id.in_(application_ids))
    return {row.id: Owner(*row) for row in await db.execute(query)}


async def owners_of_candidates(
    db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID]
) -> dict[UUID, Owner]:
    """Whose reasons those of candidates as persons are, by candidate."""
    parameters = {"agency_id": caller.agency_id, "ids": candidate_ids}
    rows = await _CONSULTANTS.fetch(db, parameters)
    return {row["id"]: Owner(None, row["id"], row["consultant_id"], None) for row in rows}
