"""Interviews: the rounds of an application."""

from fastapi import Response

from app.api.members import InterviewCreate
from app.api.shapes import ExplainedStatus, explained
from app.api.views import (
    ObjectView,
    Syncing,
    by_name,
    listed,
    narrowed,
    saved_view,
    view,
)
from app.models import Application, Interview, RefKind
from app.rules.vocabulary import InterviewState
from app.services import interviews as service
from app.services.scope import find
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Input, Instant, Line, Name, Word, absent

interviews = router("Interviews")


class InterviewUpdate(Input):
    """What changes about an interview; absent members stay."""

    start: Instant = absent()
    end: Instant = absent()
    state: Word[InterviewState] = absent()
    title: Name | None = None
    location: Line | None = None


class InterviewView(ObjectView):
    """An interview."""

    application_id: Id
    start: Instant
    end: Instant
    state: InterviewState
    title: str | None
    location: str | None


class InterviewSaved(InterviewView):
    """An interview with where its application stands now."""

    beside = frozenset({"application_status"})

    application_status: ExplainedStatus


@interviews.post(
    "/v1/applications/{application_id}/interviews",
    status_code=201,
    **operation("applications:write", 404, 409, upsert=InterviewSaved),
)
async def schedule_interview(
    application_id: Id, body: InterviewCreate, work: InWork, response: Response
) -> InterviewSaved:
    """Schedule an interview, or change the one that an external id names."""
    saved, standing = await service.schedule(
        work.db, work.caller, application_id, body.columns(), body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(InterviewSaved, work, response, saved, application_status=explained(standing))


@interviews.get("/v1/applications/{application_id}/interviews", **operation("applications:read", 404))
async def list_interviews(
    application_id: Id, work: InWork, sync: Syncing, paging: Paged
) -> Page[InterviewView]:
    """List the interviews of an application, in the order they were scheduled."""
    await find(work.db, work.caller, Application, application_id)
    query = sync.of(work, RefKind.INTERVIEW, Interview)
    query = narrowed(query, Interview, {"application_id": application_id})
    return await listed(InterviewView, work, paging, query, Interview)


@interviews.get("/v1/interviews/{interview_id}", **operation("applications:read", 404))
async def get_interview(interview_id: Id, work: InWork) -> InterviewView:
    """Read an interview."""
    return await view(InterviewView, work, await find(work.db, work.caller, Interview, interview_id))


@interviews.patch("/v1/interviews/{interview_id}", **operation("applications:write", 404))
async def update_interview(interview_id: Id, body: InterviewUpdate, work: InWork) -> InterviewSaved:
    """Change an interview: move it, call it off, or say that it was held."""
    changes = by_name(body, sent_only=True)
    row, standing = await service.update(work.db, work.caller, interview_id, changes, now=work.now)
    return await view(InterviewSaved, work, row, application_status=explained(standing))
