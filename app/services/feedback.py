"""Feedback: what the client said of an interview."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.models import Application, ClientContact, Feedback, Interview
from app.rules.vocabulary import ApplicationState, Decision, TimescaleSource
from app.services import revisions, status, timescales
from app.services.applications import settle_hold
from app.services.scope import Caller, find
from app.services.status import Standing


async def record(
    db: AsyncSession, caller: Caller, interview_id: UUID, values: Mapping[str, Any], *, now: datetime
) -> tuple[Feedback, Standing]:
    """Record what the client said; a job on hold puts the application on hold (R6), any other decision ends that.

    `values` may carry the client's next `timescale`. Raises NotFoundError, InvalidError.
    """
    interview = await find(db, caller, Interview, interview_id)
    await status.lock(db, caller, [interview.application_id])
    application = await find(db, caller, Application, interview.application_id)
    columns = dict(values)
    timescale = columns.pop("timescale", None)
    received_at = columns["received_at"] = columns["received_at"] or now
    columns["from_contact"] = columns["from_contact"] or application.client_contact_id
    if columns["from_contact"] is not None:
        await find(db, caller, ClientContact, columns["from_contact"], pointer="/from_contact")
    if columns["decision"] is not Decision.UNDECIDED and await _is_latest(
        db, caller, application.id, received_at
    ):
        _apply(application, columns["decision"], received_at, columns["details"].get("hold"))
        revisions.note(db, application, now)
    row = Feedback(
        agency_id=caller.agency_id,
        id=uuid7(),
        interview_id=interview.id,
        application_id=application.id,
        recorded_at=now,
        **columns,
    )
    db.add(row)
    if timescale:
        given = {"source": TimescaleSource.CLIENT, "given_at": received_at, **timescale}
        await timescales.add(db, caller, interview, given, now=now, pointer="/timescale")
    standings = await status.refresh(db, caller, [application.id], now=now)
    return row, standings[application.id]


def _apply(
    application: Application, decision: Decision, received_at: datetime, hold: Mapping[str, Any] | None
) -> None:
    if application.state is ApplicationState.CLOSED:
        return
    if decision is Decision.ROLE_ON_HOLD:
        application.state = ApplicationState.ON_HOLD
        application.hold_since = received_at
        application.hold_until = _date(hold, "until")
        application.hold_reason = (hold or {}).get("reason")
    else:
        application.state = ApplicationState.ACTIVE
    settle_hold(application, max(received_at, application.hold_since or received_at))


def _date(hold: Mapping[str, Any] | None, name: str) -> Any:
    value = (hold or {}).get(name)
    return datetime.fromisoformat(value).date() if isinstance(value, str) else value


async def _is_latest(db: AsyncSession, caller: Caller, application_id: UUID, received_at: datetime) -> bool:
    """Whether no decision came later: one recorded late must not undo what was decided since."""
    later = select(Feedback.id).where(
        Feedback.agency_id == caller.agency_id,
        Feedback.application_id == application_id,
        Feedback.decision != Decision.UNDECIDED,
        Feedback.received_at > received_at,
    )
    return await db.scalar(later.limit(1)) is None
