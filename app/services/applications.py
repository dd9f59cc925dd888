"""Applications and what is changed about them: their state, a hold, a withdrawal, an agreement to wait."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError
from app.models import Application, Job, RefKind, Snooze, Void
from app.rules.events import EventType
from app.rules.vocabulary import ApplicationMode, ApplicationState
from app.services import facts, objects, people, revisions, status, voids
from app.services.objects import Refs, Saved, fields_of, put
from app.services.outbox import Occurrence
from app.services.scope import Caller, find
from app.services.standings import Standing

OPEN = (Application.state != ApplicationState.CLOSED) & Application.withdrawn_at.is_(None)


async def create(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> tuple[Saved[Application], Standing]:
    """Put a candidate forward for a job, or change the application an external id names. Raises as `store`."""
    saved = await store(db, caller, values, refs, given=given, now=now)
    standing = await _refreshed(db, caller, saved.row.id, saved_as(saved), now)
    await db.refresh(saved.row)
    return saved, standing


async def store(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Application]:
    """Save an application; the caller will refresh.

    The owner is the candidate's unless one is given; a direct applicant needs none (N1). Raises NotFoundError for
    what is not there, InvalidError where the client contact works elsewhere, nobody speaks for the candidate or a hold
    ends before it begins.
    """
    values = dict(values)
    candidate = await status.lock_candidate(db, caller, values["candidate_id"], pointer="/candidate_id")
    known_id = await objects.named(db, caller, RefKind.APPLICATION, refs)
    state_before = None
    if known_id is not None:
        application = await find(db, caller, Application, known_id)
        _check_same(application, values)
        if "client_contact_id" not in given:
            values["client_contact_id"] = application.client_contact_id
        state_before = application.state
        _begin_anew(application, {name: values[name] for name in given & values.keys()})
        values["consultant_id"] = values.get("consultant_id") or application.consultant_id
    elif values["mode"] is ApplicationMode.AGENCY:
        values["consultant_id"] = values.get("consultant_id") or candidate.consultant_id
    # A job that changes meanwhile either finds this application or is found changed.
    job = await find(db, caller, Job, values["job_id"], pointer="/job_id", lock=True)
    await _check_client(db, caller, job, values["client_contact_id"])
    columns, sent = _columns(values), _columns({name: values[name] for name in given & values.keys()})
    saved = await put(
        db, caller, RefKind.APPLICATION, Application, known_id, columns, refs, given=frozenset(sent), now=now
    )
    await _settle(db, caller, saved.row, values.get("hold"), state_before, now)
    if not saved.created:
        await revisions.note(db, saved.row, now)
    await db.flush()
    return saved


async def update(
    db: AsyncSession, caller: Caller, application_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> tuple[Application, Standing]:
    """Change members of an application. Raises NotFoundError, InvalidError."""
    await status.lock(db, caller, [application_id])
    application = await find(db, caller, Application, application_id)
    # As in `store`, for an application that is opened again.
    job = await find(db, caller, Job, application.job_id, lock=True)
    client_contact_id = changes.get("client_contact_id", application.client_contact_id)
    await _check_client(db, caller, job, client_contact_id)
    state_before = application.state
    _begin_anew(application, changes)
    for name, value in _columns(changes).items():
        setattr(application, name, value)
    await _settle(db, caller, application, changes.get("hold"), state_before, now)
    await revisions.note(db, application, now)
    told = saved_as(Saved(application, created=False))
    standing = await _refreshed(db, caller, application_id, told, now)
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
    await db.flush()
    told = Occurrence(EventType.SNOOZE_RECORDED, application_id, {"snooze_id": row.id})
    return row, await _refreshed(db, caller, application_id, told, now)


async def void_snooze(
    db: AsyncSession, caller: Caller, snooze_id: UUID, reason: str, *, now: datetime
) -> tuple[Snooze, Standing]:
    """End a snooze: it quiets its reason no more. Raises NotFoundError, or ConflictError if it is voided already."""
    row = await find(db, caller, Snooze, snooze_id)
    await status.lock(db, caller, [row.application_id])
    await voids.add(db, caller, Void.snooze_id, snooze_id, reason, now=now)
    told = Occurrence(EventType.SNOOZE_VOIDED, row.application_id, {"snooze_id": row.id})
    return row, await _refreshed(db, caller, row.application_id, told, now)


async def described_snoozes(db: AsyncSession, caller: Caller, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Snoozes, given as rows or as their columns, with whether they were voided."""
    snoozes = [fields_of(row) for row in rows]
    voided = await voids.by_record(db, caller, Void.snooze_id, [snooze["id"] for snooze in snoozes])
    return [{**snooze, "voided": voided.get(snooze["id"])} for snooze in snoozes]


def saved_as(saved: Saved[Application]) -> Occurrence:
    """What it means that an application was saved."""
    event_type = EventType.APPLICATION_CREATED if saved.created else EventType.APPLICATION_UPDATED
    return Occurrence(event_type, saved.row.id)


def _check_same(application: Application, values: Mapping[str, Any]) -> None:
    """An application is one candidate for one job: an external id cannot move it to another."""
    for name in ("candidate_id", "job_id"):
        if getattr(application, name) != values[name]:
            raise InvalidError(
                "The external id names an application of another candidate or job.",
                code="external_ref_elsewhere",
                pointer=f"/{name}",
            )


async def _settle(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    hold: Mapping[str, Any] | None,
    state_before: ApplicationState | None,
    now: datetime,
) -> None:
    """Check an application with what was just said of it, and keep its dates in step with its state."""
    _check_represented(application)
    _check_hold(application, hold, now)
    _settle_hold(application, now)
    await _check_until(db, caller, application, hold)
    _settle_closing(application, state_before, now)


def _check_represented(application: Application) -> None:
    """An agency's application has an owner here and somebody at the client; a direct applicant's needs neither (N1)."""
    if application.mode is ApplicationMode.DIRECT:
        return
    if application.client_contact_id is None:
        raise InvalidError(
            "Name a client contact: who answers?", code="missing", pointer="/client_contact_id"
        )
    if application.consultant_id is None:
        raise InvalidError(
            "Name a consultant: the candidate has no owner.", code="missing", pointer="/consultant_id"
        )


def _check_hold(application: Application, given: Mapping[str, Any] | None, now: datetime) -> None:
    """What is said of a hold that never began would be lost without a word, and none ends before it begins."""
    said = {name for name, value in (given or {}).items() if value is not None}
    if not said or application.state is ApplicationState.ON_HOLD:
        return
    if application.hold_since is None:
        words = "A hold begins at `since`, or with the state `on_hold`."
        raise InvalidError(words, code="hold_not_begun", pointer="/hold")
    ended_at = application.hold_ended_at or now
    if said & {"since", "ended_at"} and ended_at < application.hold_since:
        member = "ended_at" if "ended_at" in said else "since"
        raise InvalidError("A hold cannot end before it begins.", code="hold_end", pointer=f"/hold/{member}")


async def _check_until(
    db: AsyncSession, caller: Caller, application: Application, given: Mapping[str, Any] | None
) -> None:
    """Only what is said now is judged: an earlier release may have stored other days."""
    since, until = application.hold_since, application.hold_until
    if since and until and (given or {}).keys() & {"since", "until"}:
        member = "until" if given and given.get("until") else "since"
        await check_hold_end(db, caller, since, until, pointer=f"/hold/{member}")


async def check_hold_end(
    db: AsyncSession, caller: Caller, since: datetime, until: date, *, pointer: str
) -> None:
    """Raise InvalidError for a hold that lasts until a day before the one on which it begins at the agency's."""
    office = (await facts.policy_of(db, caller)).office
    if until < office.date_of(since):
        raise InvalidError("A hold cannot end before it begins.", code="hold_end", pointer=pointer)


def _begin_anew(application: Application, changes: Mapping[str, Any]) -> None:
    """Forget a hold that is over where another begins: only what is said of it now is its own."""
    is_over = application.hold_ended_at is not None
    if is_over and changes.get("state") is ApplicationState.ON_HOLD:
        forget_hold(application)


def _settle_hold(application: Application, now: datetime) -> None:
    """Keep a hold's dates in step with the state: it begins with the one and ends with the other (R6).

    One that ends before it has begun never was.
    """
    if application.state is ApplicationState.ON_HOLD:
        application.hold_since = application.hold_since or now
        application.hold_ended_at = None
        return
    is_over = application.hold_ended_at is not None
    if application.hold_since is None or (not is_over and now < application.hold_since):
        forget_hold(application)
    elif not is_over:
        application.hold_ended_at = now


def forget_hold(application: Application) -> None:
    """Let an application have no hold, past or present."""
    application.hold_since = application.hold_until = application.hold_reason = None
    application.hold_ended_at = None


def _settle_closing(application: Application, state_before: ApplicationState | None, now: datetime) -> None:
    """Keep in mind when an application was closed, for as long as it is; unknown of one that came closed."""
    if application.state is not ApplicationState.CLOSED:
        application.closed_at = None
    elif state_before not in (None, ApplicationState.CLOSED):
        application.closed_at = now


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Members as columns: a `hold` object as its own, and a withdrawal noted by hand is no contact's any more."""
    columns = dict(values)
    if "withdrawn_at" in columns:
        columns["withdrawn_by"] = None
    if "hold" in columns:
        hold = columns.pop("hold")
        if hold is None:
            hold = dict.fromkeys(("since", "until", "reason", "ended_at"))
        columns |= {f"hold_{name}": value for name, value in hold.items()}
    return columns


async def _check_client(db: AsyncSession, caller: Caller, job: Job, client_contact_id: UUID | None) -> None:
    """Lock the client contact as well, so that a fact about them and an application of theirs find each other."""
    if client_contact_id is not None:
        pointer = "/client_contact_id"
        await people.check_client(db, caller, client_contact_id, job.client_id, pointer=pointer, lock=True)


async def _refreshed(
    db: AsyncSession, caller: Caller, application_id: UUID, told: Occurrence, now: datetime
) -> Standing:
    return (await status.refresh(db, caller, [application_id], [told], now=now))[application_id]
