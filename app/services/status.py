"""The status service: loads facts, applies the rules, keeps the status rows; the only writer of `reasons`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Statement
from app.errors import NotFoundError
from app.models import Application, Candidate
from app.rules.candidates import candidate_reasons, candidate_schedule
from app.rules.facts import Candidate as Person
from app.rules.intervals import Course
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.status import ApplicationStatus, Reason, evaluate, order
from app.rules.vocabulary import ApplicationState, Status
from app.services import conditions, facts, files, locks, outbox, reasons
from app.services.files import File
from app.services.locks import Lock
from app.services.outbox import Occurrence, Past, Subject
from app.services.reasons import Owner
from app.services.scope import AGENCY, Caller, find

# Applications of which something may still be due to the client.
FOLLOWED = (Application.state != ApplicationState.CLOSED) | Application.withdrawn_at.is_not(None)

_PEOPLE = Statement(
    f"""SELECT a.id, a.consultant_id, {reasons.OF_PERSON} AS stored, {outbox.PAST} AS past
    FROM candidates a WHERE a.agency_id = {AGENCY} AND a.id = ANY(:ids)"""
)

BATCH = 200  # applications recomputed in one step

_WORST_FIRST = (
    Status.ESCALATED,
    Status.OVERDUE,
    Status.DUE,
    Status.PAUSED,
    Status.WAITING,
    Status.ON_TRACK,
    Status.CLOSED,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands at an instant, with the policy that says so."""

    application_id: UUID
    as_of: datetime
    policy: Policy
    status: ApplicationStatus


@dataclass(frozen=True, slots=True)
class CandidateStanding:
    """Where a candidate stands: every application, and what concerns the person as such."""

    candidate_id: UUID
    as_of: datetime
    policy: Policy
    reasons: tuple[Reason, ...]
    applications: tuple[Standing, ...]

    @property
    def status(self) -> Status:
        """The worst of all (R5); closed only where everything is."""
        own = [Status(reason.level(self.as_of)) for reason in self.reasons]
        found = [*own, *(standing.status.status for standing in self.applications)]
        return min(found, key=_WORST_FIRST.index, default=Status.ON_TRACK)


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
    cases = await _cases_of(db, caller, [candidate_id], as_of, known_at)
    return _candidate_standing(person, cases, policy, as_of)


async def lock(db: AsyncSession, caller: Caller, application_ids: Iterable[UUID]) -> None:
    """Keep others from recording anything about the candidates of applications until the transaction ends.

    Call it before the first write of a fact: two writers about one candidate then queue up instead of computing a
    status from half of what is known. The policy is held first, then candidates are locked, before anything else
    and always in the order of their ids, so that nobody waits in a ring.
    """
    theirs = select(Application.candidate_id).where(
        Application.agency_id == caller.agency_id, Application.id.in_(application_ids)
    )
    # Read first: where its statistics do not know the agency yet, the planner would scan it for a join.
    await lock_candidates(db, caller, await db.scalars(theirs))


async def lock_candidate(
    db: AsyncSession, caller: Caller, candidate_id: UUID, *, pointer: str | None = None
) -> Candidate:
    """The same for one candidate, whatever their applications; gives them as they are then.

    Raises NotFoundError; `pointer` names the member that gave the id.
    """
    await facts.hold_policy(db, caller)
    return await find(db, caller, Candidate, candidate_id, pointer=pointer, lock=True)


async def lock_candidates(db: AsyncSession, caller: Caller, candidate_ids: Iterable[UUID]) -> None:
    """The same for several candidates."""
    await facts.hold_policy(db, caller)
    rows = select(Candidate.id).where(
        Candidate.agency_id == caller.agency_id, Candidate.id.in_(list(candidate_ids))
    )
    await db.execute(rows.order_by(Candidate.id).with_for_update(key_share=True))


def locks_of_interview(caller: Caller, interview_id: UUID) -> list[str]:
    """The statements that lock the policy and the candidate of an interview, for the beginning of a transaction."""
    agency, interview = UUID(str(caller.agency_id)), UUID(str(interview_id))
    candidate = f"""
SELECT c.id FROM candidates c WHERE c.agency_id = '{agency}' AND c.id = (
  SELECT a.candidate_id FROM applications a WHERE a.agency_id = '{agency}' AND a.id = (
    SELECT i.application_id FROM interviews i WHERE i.agency_id = '{agency}' AND i.id = '{interview}'))
FOR NO KEY UPDATE"""
    return [locks.sharing(caller, Lock.POLICY), candidate]


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
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> dict[UUID, Standing]:
    """The same for locked applications whose files are at hand."""
    conditions.check(db)
    standings: dict[UUID, Standing] = {}
    subjects = []
    for file in found:
        course = Course(*file.case)
        intervals, status = course.intervals(), course.status(now)
        standings[file.id] = Standing(file.id, now, file.case.policy, status)
        reasons.replace(db, caller, file.owner, file.stored, intervals)
        subjects.append(
            Subject(
                file.owner,
                status.status,
                file.past,
                [row.says.shown for row in file.stored],
                [reasons.shown(interval) for interval in intervals],
                course.touch_bases(now),
            )
        )
    outbox.tell(db, caller, subjects, occurrences, now=now)
    seekers = {file.owner.candidate_id for file in found if file.case.application.candidate.seeking}
    await refresh_candidates(db, caller, seekers, occurrences, now=now)
    return standings


async def refresh_many(
    db: AsyncSession,
    caller: Caller,
    application_ids: Sequence[UUID],
    occurrences: Sequence[Occurrence] = (),
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
        await _refresh_batch(db, caller, ids[start : start + BATCH], occurrences, now)


async def _refresh_batch(
    db: AsyncSession, caller: Caller, ids: Sequence[UUID], occurrences: Sequence[Occurrence], now: datetime
) -> None:
    policy = await facts.policy_of(db, caller)
    people = await facts.load_candidates(db, caller, ids)
    cases: dict[str, list[Case]] = {person.id: [] for person in people.values()}
    for case in await _cases_of(db, caller, ids, now):
        cases[case.application.candidate.id].append(case)
    told = {occurrence.subject_id for occurrence in occurrences}
    subjects = []
    for c_id, owner, stored, past in await _people(db, caller, ids):
        intervals = candidate_schedule(people[c_id], cases[str(c_id)], policy)
        reasons.replace(db, caller, owner, stored, intervals)
        if intervals or stored or c_id in told:
            word = _candidate_standing(people[c_id], cases[str(c_id)], policy, now).status
            old = [row.says.shown for row in stored]
            new = [reasons.shown(interval) for interval in intervals]
            subjects.append(Subject(owner, word, past, old, new))
    outbox.tell(db, caller, subjects, occurrences, now=now)


async def refresh_person(
    db: AsyncSession,
    caller: Caller,
    candidate: Candidate,
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> dict[UUID, Standing]:
    """Compute all that concerns a locked candidate anew: every application, and what concerns them as a person."""
    ids = await open_applications(db, caller, candidate_id=candidate.id)
    standings = await refresh(db, caller, ids, occurrences, now=now) if ids else {}
    # With the applications of a candidate who seeks, their review has been computed already.
    if not (ids and candidate.seeking):
        await refresh_candidates(db, caller, [candidate.id], occurrences, now=now)
    return standings


async def open_applications(
    db: AsyncSession,
    caller: Caller,
    *,
    candidate_id: UUID | None = None,
    client_contact_id: UUID | None = None,
) -> list[UUID]:
    """The applications that a fact about a person can bear on: all of a candidate's, a client's open ones."""
    query = select(Application.id).where(Application.agency_id == caller.agency_id)
    if candidate_id is not None:
        query = query.where(Application.candidate_id == candidate_id)
    if client_contact_id is not None:
        query = query.where(Application.client_contact_id == client_contact_id, FOLLOWED)
    return list(await db.scalars(query.order_by(Application.id)))


def standing(case: Case, as_of: datetime) -> Standing:
    """Where an application stands at an instant, given its facts."""
    return Standing(UUID(case.application.id), as_of, case.policy, evaluate(*case, as_of))


def _candidate_standing(
    person: Person, cases: Sequence[Case], policy: Policy, as_of: datetime
) -> CandidateStanding:
    own = candidate_reasons(person, cases, policy, as_of)
    standings = [standing(case, as_of) for case in cases]
    return CandidateStanding(
        UUID(person.id),
        as_of,
        policy,
        tuple(r for r in own if r.is_flagged(as_of)),
        tuple(sorted(standings, key=_urgency)),
    )


def _urgency(standing: Standing) -> tuple[Any, ...]:
    flagged = standing.status.reasons
    if not flagged:
        return (1, str(standing.application_id))
    return (0, order(flagged[0], standing.as_of, str(standing.application_id)))


async def _cases_of(
    db: AsyncSession,
    caller: Caller,
    candidate_ids: Sequence[UUID],
    as_of: datetime,
    known_at: datetime = facts.FOREVER,
) -> list[Case]:
    theirs = select(Application.id).where(
        Application.agency_id == caller.agency_id, Application.candidate_id.in_(candidate_ids)
    )
    ids = list(await db.scalars(theirs.order_by(Application.id)))
    return list((await facts.load(db, caller, ids, as_of=as_of, known_at=known_at)).values())


async def owners_of(db: AsyncSession, caller: Caller, application_ids: Sequence[UUID]) -> dict[UUID, Owner]:
    """Whose reasons those of applications are, by application."""
    query = select(
        Application.id, Application.candidate_id, Application.consultant_id, Application.client_contact_id
    ).where(Application.agency_id == caller.agency_id, Application.id.in_(application_ids))
    return {row.id: Owner(*row) for row in await db.execute(query)}


async def _people(
    db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID]
) -> list[tuple[UUID, Owner, Sequence[reasons.Row], Past]]:
    """Whose reasons those of candidates as persons are, and what is stored and has been told of them."""
    rows = await _PEOPLE.fetch(db, {"agency_id": caller.agency_id, "ids": candidate_ids})
    return [
        (
            row["id"],
            Owner(None, row["id"], row["consultant_id"], None),
            reasons.decode(row["stored"]),
            outbox.past(row["past"]),
        )
        for row in rows
    ]


async def owners_of_candidates(
    db: AsyncSession, caller: Caller, candidate_ids: Sequence[UUID]
) -> dict[UUID, Owner]:
    """Whose reasons those of candidates as persons are, by candidate."""
    query = select(Candidate.id, Candidate.consultant_id).where(
        Candidate.agency_id == caller.agency_id, Candidate.id.in_(candidate_ids)
    )
    return {row.id: Owner(None, row.id, row.consultant_id, None) for row in await db.execute(query)}
