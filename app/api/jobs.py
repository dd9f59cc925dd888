"""Jobs: what clients want filled."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.views import (
    ExternalIdFilter,
    ObjectView,
    Referable,
    SourceFilter,
    UpdatedSince,
    by_name,
    listed,
    narrowed,
    saved_view,
    view,
)
from app.models import Job
from app.models.external_refs import RefKind
from app.services import objects
from app.services.scope import check_named, find
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Input, Name, absent

jobs = router("Jobs")

JobId = Annotated[Id, Path()]


class JobCreate(Referable):
    """A job at a client."""

    client_id: Id
    title: Name
    location: Name | None = None


class JobUpdate(Input):
    """What changes about a job; absent members stay."""

    title: Name = absent()
    location: Name | None = None


class JobView(ObjectView):
    """A job at a client."""

    client_id: Id
    title: str
    location: str | None


@jobs.post("/v1/jobs", status_code=201, **operation("directory:write", 404, 409, body=True, upsert=JobView))
async def create_job(body: JobCreate, work: InWork, response: Response) -> JobView:
    """Create a job, or change the one that an external id names."""
    saved = await objects.save_within(
        work.db,
        work.caller,
        RefKind.JOB,
        Job,
        body.columns(),
        body.refs(),
        given=body.given(),
        owner="client_id",
    )
    return await saved_view(JobView, work, response, saved)


@jobs.get("/v1/jobs", **operation("directory:read", 404))
async def list_jobs(
    work: InWork,
    paging: Paged,
    client_id: Annotated[Id | None, Query()] = None,
    external_source: SourceFilter = None,
    external_id: ExternalIdFilter = None,
    updated_since: UpdatedSince = None,
) -> Page[JobView]:
    """List jobs, oldest first."""
    query = objects.known_as(work.caller, RefKind.JOB, Job, external_source, external_id, updated_since)
    if client_id is not None:
        await check_named(work.db, work.caller, {"client_id": client_id})
    return await listed(JobView, work, paging, narrowed(query, Job, {"client_id": client_id}), Job)


@jobs.get("/v1/jobs/{job_id}", **operation("directory:read", 404))
async def get_job(job_id: JobId, work: InWork) -> JobView:
    """Read a job."""
    return await view(JobView, work, await find(work.db, work.caller, Job, job_id))


@jobs.patch("/v1/jobs/{job_id}", **operation("directory:write", 404, body=True))
async def update_job(job_id: JobId, body: JobUpdate, work: InWork) -> JobView:
    """Change a job; absent members stay as they are."""
    row = await find(work.db, work.caller, Job, job_id)
    return await view(JobView, work, await objects.change(work.db, row, by_name(body, sent_only=True)))
