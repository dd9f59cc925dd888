"""Feedback: what the client said of an interview."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from app.models import Application, Feedback
from app.rules.events import EventType
from app.rules.holds import Hold, Word, followed
from app.rules.vocabulary import ApplicationState, Decision, TimescaleSource
from app.services import records, revisions, rounds, status, timescales
from app.services.applications import check_hold_end, forget_hold
from app.services.corrections import find_corrected
from app.services.outbox import Occurrence
from app.services.records import UNNAMED, Recorded, Sent
from app.services.rounds import Round
from app.services.scope import Caller, find, rows_of
from app.services.standings import standing


async def record(
    db: AsyncSession,
    caller: Caller,
    interview_id: UUID,
    values: Mapping[str, Any],
    sent: Sent = UNNAMED,
    *,
    now: datetime,
) -> Recorded[Feedback]:
    """Record what the client said; a job on hold puts the application on hold (R6), any other decision ends that.

    Decisions count in the order in which they were received. One recorded late ends no hold that has begun after it was
    received; a hold still to come it calls off. `values` may carry the client's next `timescale`, and name a record
    that this one supersedes. Raises NotFoundError, InvalidError, ConflictError for one that is superseded already, and
    for external ids as `records.sent_before`.
    """
    held = await rounds.held(db, caller, interview_id)
    supersedes = values.get("supersedes")
    known = await records.sent_before(
        db, caller, Feedback, sent, supersedes=supersedes, interview_id=interview_id
    )
    if known:
        return Recorded(known, standing(held.file.case, now), created=False)
    application = await find(db, caller, Application, held.application_id)
    corrected = await find_corrected(db, caller, Feedback, supersedes, interview_id)
    row = await _add(db, caller, application, held, values, now)
    await records.note(db, caller, row, sent)
    await _follow(db, caller, application, row, corrected)
    await revisions.note(db, application, now)
    ids = {"feedback_id": row.id, "interview_id": interview_id}
    occurrences = [Occurrence(EventType.FEEDBACK_RECORDED, application.id, ids)]
    if values.get("timescale"):
        given = {"source": TimescaleSource.CLIENT, "given_at": row.received_at, **values["timescale"]}
        hours = await rounds.clients_hours(db, caller, held)
        timescale = await timescales.add(db, caller, held, hours, given, now=now, pointer="/timescale")
        occurrences.append(timescales.recorded_as(timescale))
    standings = await status.refresh(db, caller, [application.id], occurrences, now=now)
    return Recorded(row, standings[application.id])


async def _add(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    held: Round,
    values: Mapping[str, Any],
    now: datetime,
) -> Feedback:
    columns = {name: value for name, value in values.items() if name != "timescale"}
    columns["received_at"] = columns["received_at"] or now
    await rounds.check_speaker(db, caller, held, columns["from_contact"], pointer="/from_contact")
    await _check_hold(db, caller, columns)
    columns["from_contact"] = columns["from_contact"] or application.client_contact_id
    row = Feedback(
        agency_id=caller.agency_id,
        id=uuid7(),
        interview_id=held.id,
        application_id=application.id,
        recorded_at=now,
        **columns,
    )
    db.add(row)
    await db.flush()
    return row


async def _check_hold(db: AsyncSession, caller: Caller, said: Mapping[str, Any]) -> None:
    """A hold begins as the client said, be it still to come, or else with their word. Raises InvalidError."""
    hold = said["details"].get("hold") or {}
    if said["decision"] is Decision.ROLE_ON_HOLD and hold.get("until"):
        since = datetime.fromisoformat(hold["since"]) if hold.get("since") else said["received_at"]
        until = date.fromisoformat(hold["until"])
        await check_hold_end(db, caller, since, until, pointer="/hold/until")


async def _follow(
    db: AsyncSession, caller: Caller, application: Application, row: Feedback, corrected: Feedback | None
) -> None:
    """Let the hold follow a decision that is new, or taken back, and the state follow the hold (R6)."""
    # What was called off in time stays so, however late a correction of that word is recorded.
    new = _word(application, row, recorded_at=(corrected or row).recorded_at)
    old = _word(application, corrected, recorded_at=corrected.recorded_at) if corrected else None
    if new is None and old is None:
        return
    known = _known_hold(application)
    others = await _decisions(db, caller, application, row)
    hold = followed(known, others, new, old)
    if hold != known:
        _set_hold(application, hold)


def _word(application: Application, said: Feedback, *, recorded_at: datetime) -> Word | None:
    """What feedback says of a hold; what decides nothing says nothing."""
    if said.decision is Decision.UNDECIDED:
        return None
    is_held = said.decision is Decision.ROLE_ON_HOLD
    return Word(said.received_at, recorded_at, _told_hold(application, said) if is_held else None)


def _told_hold(application: Application, said: Feedback) -> Hold:
    """The hold that somebody spoke of: it began as they said, but no later than we heard (R6)."""
    told = said.details.get("hold") or {}
    since = said.received_at
    # Earlier releases dated every hold by the word.
    if told.get("since") and application.hold_since != since:
        since = min(datetime.fromisoformat(told["since"]), since)
    until = date.fromisoformat(told["until"]) if told.get("until") else None
    return Hold(since, until, told.get("reason"))


def _known_hold(application: Application) -> Hold | None:
    since = application.hold_since
    if since is None:
        return None
    is_over = application.state is not ApplicationState.ON_HOLD
    ended_at = (application.hold_ended_at or since) if is_over else None
    return Hold(since, application.hold_until, application.hold_reason, ended_at)


def _set_hold(application: Application, hold: Hold | None) -> None:
    """Set the hold and the state that goes with it; what is closed stays so, and no hold begins in it."""
    stands = hold is not None and hold.ended_at is None
    if application.state is not ApplicationState.CLOSED:
        application.state = ApplicationState.ON_HOLD if stands else ApplicationState.ACTIVE
    elif stands:
        return
    if hold is None:
        forget_hold(application)
    else:
        application.hold_since, application.hold_ended_at = hold.since, hold.ended_at
        application.hold_until, application.hold_reason = hold.until, hold.reason


async def _decisions(db: AsyncSession, caller: Caller, application: Application, row: Feedback) -> list[Word]:
    """The decisions that count beside a new record, in the order of recording."""
    newer = aliased(Feedback)
    superseded = exists().where(newer.agency_id == caller.agency_id, newer.supersedes == Feedback.id)
    others = rows_of(caller, Feedback).where(
        Feedback.application_id == application.id, Feedback.id != row.id, ~superseded
    )
    said = (await db.scalars(others.order_by(Feedback.id))).all()
    words = (_word(application, each, recorded_at=each.recorded_at) for each in said)
    return [word for word in words if word]
