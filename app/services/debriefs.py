"""Debriefs: the candidate's account, and with it whatever else the talk brought, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import ConflictError, InvalidError, NotFoundError
from app.models import Application, Contact, Debrief, Interview, Timescale
from app.rules.events import EventType
from app.rules.situation import HELD
from app.rules.vocabulary import (
    Attended,
    ContactParty,
    DebriefSource,
    Direction,
    InterviewState,
    Outcome,
    Purpose,
    TimescaleSource,
)
from app.services import contacts, revisions, status, timescales
from app.services.corrections import find_corrected
from app.services.outbox import Occurrence
from app.services.scope import Caller, find, rows_of
from app.services.status import Standing

NOT_HELD = frozenset({InterviewState.CANCELLED, InterviewState.NO_SHOW})

# What the candidate says of their attendance, as the state of the interview.
STATES = {
    Attended.ATTENDED: InterviewState.ATTENDED,
    Attended.CUT_SHORT: InterviewState.ATTENDED,
    Attended.NO_SHOW: InterviewState.NO_SHOW,
    Attended.CANCELLED_BY_CLIENT: InterviewState.CANCELLED,
    Attended.CANCELLED_BY_CANDIDATE: InterviewState.CANCELLED,
    Attended.RESCHEDULED: InterviewState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one debrief call left behind."""

    debrief: Debrief
    timescales: Sequence[Timescale]
    contact: Contact | None
    standing: Standing


async def record(
    db: AsyncSession, caller: Caller, interview_id: UUID, entry: Mapping[str, Any], *, now: datetime
) -> Recorded:
    """Record a debrief with its timescales, contact and promise, and recompute the application.

    `entry` has the columns, `attended`, the rest of the account as JSON, and the optional `timescale`,
    `next_steps_timescale`, `contact`, `next_promise` and `supersedes`. Raises NotFoundError; ConflictError for an
    interview that was not held and for a debrief that is superseded already; InvalidError for times that cannot be.
    """
    interview = await find(db, caller, Interview, interview_id)
    await status.lock(db, caller, [interview.application_id])
    await db.refresh(interview)
    corrected = await find_corrected(db, caller, Debrief, entry.get("supersedes"), interview_id)
    occurred_at = entry["occurred_at"] or now
    _check(interview, corrected, occurred_at, entry)
    _set_state(db, interview, STATES[entry["attended"]], now)
    debrief = await _add(db, caller, interview, entry, occurred_at, now)
    given = await _add_timescales(db, caller, interview, entry, occurred_at, now)
    contact = await _add_contact(db, caller, interview, entry, occurred_at, now)
    occurrences = [
        _told(interview, EventType.DEBRIEF_RECORDED, debrief_id=debrief.id, interview_id=interview_id)
    ]
    occurrences += [timescales.recorded_as(interview, each) for each in given]
    if contact:
        occurrences.append(_told(interview, EventType.CONTACT_RECORDED, contact_id=contact.id))
    standings = await status.refresh(db, caller, [interview.application_id], occurrences, now=now)
    return Recorded(debrief, given, contact, standings[interview.application_id])


def _told(interview: Interview, event_type: EventType, **ids: UUID) -> Occurrence:
    return Occurrence(event_type, interview.application_id, ids)


def _set_state(db: AsyncSession, interview: Interview, state: InterviewState, now: datetime) -> None:
    """Say what became of the interview: an edit only where the rules tell the states apart."""
    edited = not {interview.state, state} <= HELD
    interview.state = state
    if edited:
        revisions.note(db, interview, now)


async def current(db: AsyncSession, caller: Caller, interview_id: UUID) -> dict[str, Any]:
    """The account of an interview as it stands: later versions win field by field, and each field names its origin.

    A correction stands where the version stood that it supersedes. Raises NotFoundError while there is no debrief.
    """
    await find(db, caller, Interview, interview_id)
    query = rows_of(caller, Debrief).where(Debrief.interview_id == interview_id).order_by(Debrief.version)
    versions = (await db.scalars(query)).all()
    if not versions:
        raise NotFoundError
    account: dict[str, Any] = {}
    origins: dict[str, UUID] = {}
    for debrief in _in_force(versions):
        said = {"interest_score": debrief.interest_score, **debrief.account}
        account |= said
        origins |= dict.fromkeys(said, debrief.id)
    version = versions[-1].version
    return {"interview_id": interview_id, "version": version, "account": account, "origins": origins}


def _in_force(versions: Sequence[Debrief]) -> list[Debrief]:
    """The versions that count, each in its place."""
    in_force: dict[UUID, Debrief] = {}
    for debrief in versions:
        place = debrief.id
        if debrief.supersedes:
            place = next(place for place, known in in_force.items() if known.id == debrief.supersedes)
        in_force[place] = debrief
    return list(in_force.values())


def _check(
    interview: Interview, corrected: Debrief | None, occurred_at: datetime, entry: Mapping[str, Any]
) -> None:
    """Refuse what cannot have happened, unless the version it corrects is what says so."""
    if interview.state in NOT_HELD and interview.state is not _state_told(corrected):
        raise ConflictError(
            "The interview was not held, so there is nothing to debrief; if it was, set its state first.",
            code="interview_not_held",
        )
    if occurred_at < interview.start:
        raise InvalidError(
            "The talk cannot have been before the interview.", code="debrief_early", pointer="/occurred_at"
        )
    if entry["next_promise"] and entry["source"] is DebriefSource.SELF_SERVICE and not entry["contact"]:
        raise InvalidError(
            "A promise needs a contact in which it was made.", code="promise_party", pointer="/next_promise"
        )


def _state_told(debrief: Debrief | None) -> InterviewState | None:
    """What a debrief made of its interview."""
    return STATES[Attended(debrief.account.get("attended", Attended.ATTENDED))] if debrief else None


async def _add(
    db: AsyncSession,
    caller: Caller,
    interview: Interview,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> Debrief:
    earlier = select(func.coalesce(func.max(Debrief.version), 0)).where(
        Debrief.agency_id == caller.agency_id, Debrief.interview_id == interview.id
    )
    debrief = Debrief(
        agency_id=caller.agency_id,
        id=uuid7(),
        application_id=interview.application_id,
        interview_id=interview.id,
        supersedes=entry.get("supersedes"),
        version=(await db.scalar(earlier) or 0) + 1,
        occurred_at=occurred_at,
        recorded_at=now,
        source=entry["source"],
        interest_score=entry["interest_score"],
        account=entry["account"],
    )
    db.add(debrief)
    await db.flush()
    return debrief


async def _add_timescales(
    db: AsyncSession,
    caller: Caller,
    interview: Interview,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> list[Timescale]:
    added = []
    for name, default in (("timescale", None), ("next_steps_timescale", TimescaleSource.CANDIDATE)):
        terms = entry[name]
        if terms:
            values = {**terms, "given_at": terms.get("given_at") or occurred_at}
            values["source"] = default or terms["source"]
            added.append(await timescales.add(db, caller, interview, values, now=now, pointer=f"/{name}"))
    return added


async def _add_contact(
    db: AsyncSession,
    caller: Caller,
    interview: Interview,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> Contact | None:
    """The contact given, or the talk itself where it made a promise: a promise needs a contact to stand in."""
    promise = entry["next_promise"]
    if not entry["contact"] and not promise:
        return None
    application = await find(db, caller, Application, interview.application_id)
    talk = {
        "direction": Direction.OUTBOUND,
        "outcome": Outcome.REACHED,
        "purpose": Purpose.UPDATE,
        "channel": entry["channel"],
        "relays": [],
        "notes": None,
    }
    values = {**talk, **(entry["contact"] or {})}
    values |= {
        "party": ContactParty.CANDIDATE,
        "person_id": application.candidate_id,
        "application_ids": [application.id],
        "occurred_at": values.get("occurred_at") or occurred_at,
        "promise": promise,
    }
    return await contacts.add(
        db, caller, values, now=now, pointer="/contact", promise_pointer="/next_promise"
    )
