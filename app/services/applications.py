"""Applications and what is changed about them: their state, a hold, a withdrawal, an agreement to wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError
from app.models import Application, Candidate, ClientContact, Job, Snooze
from app.models.external_refs import RefKind
from app.rules.vocabulary import ApplicationState
from app.services import objects, revisions, status
from app.services.objects import Refs, Saved, save
from app.services.scope import Caller, find
from app.services.status import Standing


async def create(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> tuple[Saved[Application], Standing]:
    """Put a candidate forward for a job, or change the application an external id names.

    The owner is the candidate's unless one is given. Raises NotFoundError for what is not there, InvalidError
    where the client contact works elsewhere or nobody owns the candidate.
    """
    values = dict(values)
    candidate = await find(db, caller, Candidate, values["candidate_id"], pointer="/candidate_id", lock=True)
    known_id = await objects.named(db, caller, RefKind.APPLICATION, refs)
    if known_id is not None:
        application = await find(db, caller, Application, known_id)
        _check_same(application, values)
        values["consultant_id"] = values.get("consultant_id") or application.consultant_id
        was = application.state
    else:
        values["consultant_id"] = values.get("consultant_id") or _owner(candidate)
        was = values["state"]
    job = await find(db, caller, Job, values["job_id"], pointer="/job_id")
    await _check_client(db, caller, job, values["client_contact_id"])
    columns = _with_hold(values)
    if "hold" in given:
        given |= columns.keys() - values.keys()
    saved = await save(db, caller, RefKind.APPLICATION, Application, columns, refs, given=given)
    settle_hold(saved.row, now)
    settle_closing(saved.row, was, now)
    if not saved.created:
        revisions.note(db, saved.row, now)
    standing = await _refreshed(db, caller, saved.row.id, now)
    await db.refresh(saved.row)
    return saved, standing


async def update(
    db: AsyncSession, caller: Caller, application_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> tuple[Application, Standing]:
    """Change members of an application. Raises NotFoundError, InvalidError."""
    await status.lock(db, caller, [application_id])
    application = await find(db, caller, Application, application_id)
    if "client_contact_id" in changes:
        job = await find(db, caller, Job, application.job_id)
        await _check_client(db, caller, job, changes["client_contact_id"])
    was = application.state
    for name, value in _with_hold(changes).items():
        setattr(application, name, value)
    settle_hold(application, now)
    settle_closing(application, was, now)
    revisions.note(db, application, now)
    standing = await _refreshed(db, caller, application_id, now)
    await db.refresh(application)
    return application, standing


async def snooze(
    db: AsyncSession, caller: Caller, application_id: UUID, values: Mapping[str, Any], *, now: datetime
) -> tuple[Snooze, Standing]:
    """Put one reason off until an instant (G5). Raises NotFoundError."""
    await find(db, caller, Application, application_id)
    await status.lock(db, caller, [application_id])
    row = Snooze(agency_id=caller.agency_id, application_id=application_id, recorded_at=now, **values)
    db.add(row)
    return row, await _refreshed(db, caller, application_id, now)


def _check_same(application: Application, values: Mapping[str, Any]) -> None:
    """An application is one candidate for one job: an external id cannot move it to another."""
    for name in ("candidate_id", "job_id"):
        if getattr(application, name) != values[name]:
            raise InvalidError(
                "The external id names an application of another candidate or job.",
                code="external_ref_conflict",
                pointer=f"/{name}",
            )


def _owner(candidate: Candidate) -> UUID:
    if candidate.consultant_id is None:
        raise InvalidError(
            "Name a consultant: the candidate has no owner.", code="missing", pointer="/consultant_id"
        )
    return candidate.consultant_id


def settle_hold(application: Application, now: datetime) -> None:
    """Keep a hold's dates in step with the state: it begins with the one and ends with the other (R6).

    Raises InvalidError for a hold that ends before it begins.
    """
    if application.state is ApplicationState.ON_HOLD:
        application.hold_since = application.hold_since or now
        application.hold_ended_at = None
    elif application.hold_since is None:
        application.hold_until = application.hold_reason = application.hold_ended_at = None
    elif application.hold_ended_at is None:
        application.hold_ended_at = now
    ended = application.hold_ended_at
    if ended is not None and application.hold_since is not None and ended < application.hold_since:
        raise InvalidError("A hold cannot end before it begins.", code="hold_end", pointer="/hold/ended_at")


def settle_closing(application: Application, was: ApplicationState, now: datetime) -> None:
    """Keep in mind when an application was closed, for as long as it is; one that came closed has no such date."""
    if application.state is not ApplicationState.CLOSED:
        application.closed_at = None
    elif was is not ApplicationState.CLOSED:
        application.closed_at = now


def _with_hold(values: Mapping[str, Any]) -> dict[str, Any]:
    """A `hold` object as its columns."""
    columns = dict(values)
    if "hold" in columns:
        nothing = dict.fromkeys(("since", "until", "reason", "ended_at"))
        hold = columns.pop("hold") or nothing
        columns |= {f"hold_{name}": value for name, value in hold.items()}
    return columns


async def _check_client(db: AsyncSession, caller: Caller, job: Job, client_contact_id: UUID | None) -> None:
    if client_contact_id is None:
        return
    contact = await find(
        db, caller, ClientContact, client_contact_id, pointer="/client_contact_id", lock=True
    )
    if contact.client_id != job.client_id:
        raise InvalidError(
            "The client contact works for another client than the job's.",
            code="wrong_client",
            pointer="/client_contact_id",
        )


async def _refreshed(db: AsyncSession, caller: Caller, application_id: UUID, now: datetime) -> Standing:
    return (await status.refresh(db, caller, [application_id], now=now))[application_id]
