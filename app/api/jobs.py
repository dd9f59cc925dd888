"""Jobs: what clients want filled, and how they changed."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from app.api.members import JobCreate, JobTerms
from app.api.views import (
    ObjectView,
    Syncing,
    by_name,
    filtered,
    listed,
    narrowed,
    recorded,
    saved_view,
    view,
)
from app.models import Job, JobChange, RefKind
from app.rules.vocabulary import JobState
from app.services import jobs as service
from app.services.jobs import Revised
from app.services.scope import check_filters, columns_of, find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant, Money, Name, Output, SeveralIds, SeveralWords, Word, absent

jobs = router("Jobs")


MOST = 200  # applications named in one answer


class JobUpdate(JobTerms):
    """What changes about a job; absent members stay."""

    title: Name = absent()
    state: Word[JobState] = absent()
    changed_at: Instant | None = Field(default=None, description="When it changed; now if absent.")
    correction: bool = Field(
        default=False, description="A slip of the pen put right: logged, but nobody need be told."
    )

    def columns(self) -> dict[str, Any]:
        """The members of the job that were sent."""
        sent = by_name(self, sent_only=True)
        return {name: value for name, value in sent.items() if name not in ("changed_at", "correction")}


class JobView(ObjectView):
    """A job at a client."""

    client_id: Id
    title: str
    location: str | None
    salary: Money | None
    responsibilities: str | None
    contract: str | None
    state: JobState


class Difference(Output):
    """A member as it was and as it is."""

    from_: Money | str | None = Field(alias="from")
    to: Money | str | None


class JobChangeView(Tagged):
    """What changed about a job; a contact relays it to a candidate by its id."""

    id: Id
    job_id: Id
    changed_at: Instant
    recorded_at: Instant
    difference: dict[str, Difference] = Field(
        description="By member: salary, responsibilities, location, contract or state."
    )
    correction: bool


class JobSaved(JobView):
    """A job, with what this request changed about it and who has to be told."""

    beside = frozenset({"change", "applications_to_tell"})

    change: JobChangeView | None = Field(description="Null if nothing changed that a candidate should know.")
    applications_to_tell: list[Id] = Field(
        description=f"Open applications whose candidates now have to hear of it; at most {MOST}, oldest first."
    )


@jobs.post("/v1/jobs", status_code=201, **operation("directory:write", 404, 409, upsert=JobSaved))
async def create_job(body: JobCreate, work: InWork, response: Response) -> JobSaved:
    """Create a job, or change the one that an external id names."""
    done = await service.save(
        work.db, work.caller, body.columns(), body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(JobSaved, work, response, done.saved, **_change(done))


@jobs.get("/v1/jobs", **operation("directory:read", 404))
async def list_jobs(
    work: InWork,
    sync: Syncing,
    paging: Paged,
    client_id: Annotated[
        SeveralIds | None, Query(description="Only those of this client; repeat for several")
    ] = None,
    state: Annotated[SeveralWords[JobState] | None, Query(description="Repeat for several")] = None,
) -> Page[JobView]:
    """List jobs, oldest first."""
    query = sync.of(work, RefKind.JOB, Job)
    await check_filters(work.db, work.caller, {"client_id": client_id})
    query = filtered(query, Job, {"client_id": client_id, "state": state})
    return await listed(JobView, work, paging, query, Job)


@jobs.get("/v1/jobs/{job_id}", **operation("directory:read", 404))
async def get_job(job_id: Id, work: InWork) -> JobView:
    """Read a job."""
    return await view(JobView, work, await find(work.db, work.caller, Job, job_id))


@jobs.patch("/v1/jobs/{job_id}", **operation("directory:write", 404))
async def update_job(job_id: Id, body: JobUpdate, work: InWork) -> JobSaved:
    """Change a job; of all but a new title every candidate put forward for it has to be told (H4)."""
    done = await service.update(
        work.db,
        work.caller,
        job_id,
        body.columns(),
        changed_at=body.changed_at,
        correction=body.correction,
        now=work.now,
    )
    return await view(JobSaved, work, done.saved.row, **_change(done))


@jobs.get("/v1/jobs/{job_id}/changes", **operation("directory:read", 404))
async def list_job_changes(job_id: Id, work: InWork, paging: Paged) -> Page[JobChangeView]:
    """List how a job changed, in the order it was recorded."""
    await find(work.db, work.caller, Job, job_id)
    query = narrowed(columns_of(work.caller, JobChange), JobChange, {"job_id": job_id})
    return await recorded(JobChangeView, work, paging, query, JobChange)


@jobs.get("/v1/job-changes/{job_change_id}", **operation("directory:read", 404))
async def get_job_change(job_change_id: Id, work: InWork) -> JobChangeView:
    """Read a change of a job."""
    return JobChangeView.model_validate(await find(work.db, work.caller, JobChange, job_change_id))


def _change(done: Revised) -> dict[str, Any]:
    return {
        "change": done.change and JobChangeView.model_validate(done.change),
        "applications_to_tell": done.to_tell[:MOST],
    }
