"""Debriefs: the candidate's account, and with it whatever else the talk brought, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.errors import ConflictError, InvalidError, NotFoundError
from app.models import Contact, Debrief, Timescale
from app.models import Interview as HeldInterview
from app.rules.events import EventType
from app.rules.facts import Interview
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
    WouldAccept,
)
from app.services import additions, contacts, records, revisions, rounds, status, timescales
from app.services.corrections import find_corrected
from app.services.outbox import Occurrence
from app.services.records import UNNAMED, Recorded, Sent
from app.services.rounds import Round
from app.services.scope import Caller, find, rows_of
from app.services.standings import standing

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
class RecordedDebrief(Recorded[Debrief]):
    """A debrief with what was recorded beside it: nothing with one that is not new."""

    timescales: Sequence[Timescale] = ()
    contact: Contact | None = None


async def record(
    db: AsyncSession,
    caller: Caller,
    interview_id: UUID,
    entry: Mapping[str, Any],
    sent: Sent = UNNAMED,
    *,
    now: datetime,
) -> RecordedDebrief:
    """Record a debrief with its timescales, contact and promise, and recompute the application.

    `entry` has the columns, `attended`, the rest of the account as JSON, and the optional `timescale`,
    `next_steps_timescale`, `contact`, `next_promise` and `supersedes`. Raises NotFoundError; ConflictError for an
    interview that was not held and for a debrief that is superseded already; InvalidError for times that cannot be; for
    external ids as `records.sent_before`.
    """
    held = await rounds.held(db, caller, interview_id)
    supersedes = entry.get("supersedes")
    known = await records.sent_before(
        db, caller, Debrief, sent, supersedes=supersedes, interview_id=interview_id
    )
    if known:
        return RecordedDebrief(known, standing(held.file.case, now), created=False)
    corrected = await find_corrected(db, caller, Debrief, supersedes, interview_id)
    occurred_at = entry["occurred_at"] or now
    _check(held.interview, corrected, occurred_at, entry)
    state = STATES[entry["attended"]]
    debrief = _add(db, caller, held, entry, occurred_at, now)
    await records.note(db, caller, debrief, sent)
    given = await _add_timescales(db, caller, held, entry, occurred_at, now)
    contact = await _add_contact(db, caller, held, entry, occurred_at, now)
    await _set_state(db, caller, held.interview, state, now)
    ids = {"debrief_id": debrief.id, "interview_id": interview_id}
    occurrences = [Occurrence(EventType.DEBRIEF_RECORDED, held.application_id, ids)]
    occurrences += map(timescales.recorded_as, given)
    application = additions.with_debrief(held.application, debrief, state)
    for timescale in given:
        application = additions.with_timescale(application, timescale)
    if contact:
        told = {"contact_id": contact.id}
        occurrences.append(Occurrence(EventType.CONTACT_RECORDED, held.application_id, told))
        application = additions.with_contact(application, contact, (entry["contact"] or {}).get("relays", ()))
    file = held.file.knowing(application)
    standings = await status.conclude(db, caller, [file], occurrences, now=now)
    return RecordedDebrief(debrief, standings[held.application_id], timescales=given, contact=contact)


async def _set_state(
    db: AsyncSession, caller: Caller, interview: Interview, state: InterviewState, now: datetime
) -> None:
    """Say what became of the interview: an edit only where the rules tell the states apart."""
    if interview.state is state:
        return
    if {interview.state, state} <= HELD:
        row = {"agency_id": caller.agency_id, "id": UUID(interview.id), "state": state, "updated_at": now}
        writes.change(db, HeldInterview, [row])
    else:
        edited = await find(db, caller, HeldInterview, UUID(interview.id))
        edited.state = state
        await revisions.note(db, edited, now)


async def current(db: AsyncSession, caller: Caller, interview_id: UUID) -> dict[str, Any]:
    """The account of an interview as it stands: later versions win field by field, and each field names its origin.

    A correction stands where the version stood that it supersedes. What does not go with a later word is left out.
    Raises NotFoundError while there is no debrief.
    """
    await find(db, caller, HeldInterview, interview_id)
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
        for name in _outdated(account, said):
            del account[name], origins[name]
    version = versions[-1].version
    return {"interview_id": interview_id, "version": version, "account": account, "origins": origins}


def _outdated(account: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    """What an account still has that does not go with what was just said: conditions go with `yes_if` alone."""
    if not account.get("accept_conditions") or account.get("would_accept") in (None, WouldAccept.YES_IF):
        return []
    return ["accept_conditions" if "would_accept" in said else "would_accept"]


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
    """Refuse what cannot have happened, unless the version it corrects is what says so.

    That an interview is not held may be known before its time.
    """
    if interview.state in NOT_HELD and interview.state is not _state_told(corrected):
        raise ConflictError(
            "The interview was not held, so there is nothing to debrief; if it was, set its state first.",
            code="interview_not_held",
        )
    if occurred_at < interview.start and STATES[entry["attended"]] not in NOT_HELD:
        raise InvalidError(
            "The talk cannot have been before the interview.", code="debrief_early", pointer="/occurred_at"
        )
    if entry["next_promise"] and entry["source"] is not DebriefSource.CALL and not entry["contact"]:
        raise InvalidError(
            "A promise needs a contact in which it was made.", code="promise_party", pointer="/next_promise"
        )


def _state_told(debrief: Debrief | None) -> InterviewState | None:
    """What a debrief made of its interview."""
    return STATES[Attended(debrief.account.get("attended", Attended.ATTENDED))] if debrief else None


def _add(
    db: AsyncSession,
    caller: Caller,
    held: Round,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> Debrief:
    debrief = Debrief(
        agency_id=caller.agency_id,
        id=uuid7(),
        application_id=held.application_id,
        interview_id=held.id,
        supersedes=entry.get("supersedes"),
        version=held.version + 1,
        occurred_at=occurred_at,
        recorded_at=now,
        source=entry["source"],
        interest_score=entry["interest_score"],
        account=entry["account"],
    )
    writes.add(db, debrief)
    return debrief


async def _add_timescales(
    db: AsyncSession,
    caller: Caller,
    held: Round,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> list[Timescale]:
    calendar = await rounds.clients_hours(db, caller, held)
    added = []
    for name, default in (("timescale", None), ("next_steps_timescale", TimescaleSource.CANDIDATE)):
        terms = entry[name]
        if terms:
            values = {**terms, "given_at": terms.get("given_at") or occurred_at}
            values["source"] = default or terms["source"]
            added.append(
                await timescales.add(db, caller, held, calendar, values, now=now, pointer=f"/{name}")
            )
    return added


async def _add_contact(
    db: AsyncSession,
    caller: Caller,
    held: Round,
    entry: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
) -> Contact | None:
    """The contact given, or the talk itself where it made a promise: a promise needs a contact to stand in."""
    promise = entry["next_promise"]
    if not entry["contact"] and not promise:
        return None
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
        "person_id": held.file.owner.candidate_id,
        "application_ids": [held.application_id],
        "occurred_at": values.get("occurred_at") or occurred_at,
        "promise": promise,
    }
    return await contacts.add(
        db, caller, values, now=now, pointer="/contact", promise_pointer="/next_promise"
    )
