"""Edits: holding an object, so that it stays what it is between a look at it and a change of it (H7)."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Application, Candidate, ClientContact, Interview, Job
from app.models.base import TenantedBase
from app.services import jobs, people, status
from app.services.scope import Caller, find


async def hold(db: AsyncSession, caller: Caller, table: type[TenantedBase], row_id: UUID) -> None:
    """Keep others from changing an object until the transaction ends. Raises NotFoundError.

    What its change would lock before it is locked before it, so that nobody waits in a ring.
    """
    if table in _BEFORE:
        await _BEFORE[table](db, caller, row_id)
    await find(db, caller, table, row_id, lock=True)


async def _application(db: AsyncSession, caller: Caller, application_id: UUID) -> None:
    await status.lock(db, caller, [application_id])
    theirs = select(Application.job_id).where(
        Application.agency_id == caller.agency_id, Application.id == application_id
    )
    for job_id in await db.scalars(theirs):
        await find(db, caller, Job, job_id, lock=True)


async def _interview(db: AsyncSession, caller: Caller, interview_id: UUID) -> None:
    interview = await find(db, caller, Interview, interview_id)
    await status.lock(db, caller, [interview.application_id])


_BEFORE: dict[type[TenantedBase], Callable[[AsyncSession, Caller, UUID], Awaitable[object]]] = {
    Application: _application,
    Candidate: status.lock_candidate,
    ClientContact: people.lock_client_contact,
    Interview: _interview,
    Job: jobs.lock,
}
