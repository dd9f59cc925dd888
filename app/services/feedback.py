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
from app.rules.facts import end_of_hold
from app.rules.vocabulary import ENDS_HOLD, ApplicationState, Decision, TimescaleSource
from app.services import records, revisions, rounds, status, timescales
from app.services.applications import check_hold_end, settle_hold
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

    One recorded late ends no hold that has begun after it was received; a hold still to come it calls off. `values`
    may carry the client's next `timescale`, and name a record that this one supersedes. Raises NotFoundError,
    InvalidError, ConflictError for one that is superseded already, and for external ids as `records.sent_before`.
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
    called_off = corrected is not None and _called_off(application, corrected)
    if corrected:
        _undo(application, corrected, await _latest_decision(db, caller, application.id))
    decides = row.decision is not Decision.UNDECIDED
    is_latest = decides and row == await _latest_decision(db, caller, application.id)
    # What was called off in time stays so, however late a correction of that word is recorded.
    if is_latest and (called_off or not _is_before_hold(application, row, now)):
        _apply(application, row)
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


def _undo(application: Application, corrected: Feedback, remaining: Feedback | None) -> None:
    """Take back what a corrected decision did to the application: the hold that it began, or ended (R6).

    Without the hold that it began, an earlier hold that it had prolonged stands again.
    """
    said_at = corrected.received_at
    began = (_hold_since(corrected), said_at)  # earlier releases dated every hold by the word
    if corrected.decision is Decision.ROLE_ON_HOLD and application.hold_since in began:
        application.hold_since = None
        if application.state is ApplicationState.ON_HOLD:
            application.state = ApplicationState.ACTIVE
        settle_hold(application, said_at)
        if remaining and remaining.decision is Decision.ROLE_ON_HOLD:
            _apply(application, remaining)
    elif _ended_hold(application, corrected):
        application.state = ApplicationState.ON_HOLD
        settle_hold(application, said_at)


def _ended_hold(application: Application, decided: Feedback) -> bool:
    if application.state is not ApplicationState.ACTIVE or application.hold_ended_at is None:
        return False
    ended_at = end_of_hold(decided.received_at, application.hold_since)
    return decided.decision in ENDS_HOLD and application.hold_ended_at == ended_at


def _called_off(application: Application, decided: Feedback) -> bool:
    """Whether a decision ended the hold before it began."""
    since = application.hold_since
    return _ended_hold(application, decided) and since is not None and decided.received_at < since


def _is_before_hold(application: Application, decided: Feedback, now: datetime) -> bool:
    """Whether a decision that would end the hold was received before it began, and it has begun by now (R6)."""
    since = application.hold_since
    if application.state is not ApplicationState.ON_HOLD or since is None:
        return False
    return decided.decision in ENDS_HOLD and decided.received_at < since <= now


def _apply(application: Application, decided: Feedback) -> None:
    if application.state is ApplicationState.CLOSED:
        return
    if decided.decision is Decision.ROLE_ON_HOLD:
        hold = decided.details.get("hold") or {}
        application.state = ApplicationState.ON_HOLD
        application.hold_since = _hold_since(decided)
        application.hold_until = date.fromisoformat(hold["until"]) if hold.get("until") else None
        application.hold_reason = hold.get("reason")
    else:
        application.state = ApplicationState.ACTIVE
    settle_hold(application, end_of_hold(decided.received_at, application.hold_since))


def _hold_since(decided: Feedback) -> datetime:
    """When the hold began that somebody spoke of: as they said, but no later than we heard (R6)."""
    since = (decided.details.get("hold") or {}).get("since")
    return min(datetime.fromisoformat(since), decided.received_at) if since else decided.received_at


async def _latest_decision(db: AsyncSession, caller: Caller, application_id: UUID) -> Feedback | None:
    """The latest decision that counts: one recorded late must not undo what was decided since."""
    newer = aliased(Feedback)
    superseded = exists().where(newer.agency_id == Feedback.agency_id, newer.supersedes == Feedback.id)
    decisions = rows_of(caller, Feedback).where(
        Feedback.application_id == application_id, Feedback.decision != Decision.UNDECIDED, ~superseded
    )
    latest: Feedback | None = await db.scalar(
        decisions.order_by(Feedback.received_at.desc(), Feedback.id.desc()).limit(1)
    )
    return latest
