"""Applications: one candidate put forward for one job. And their snoozes."""

from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import Field, model_validator

from app.api.members import ApplicationCreate, ApplicationFields
from app.api.shapes import ExplainedStatus, VoidedView, VoidTerms, explained
from app.api.views import (
    NamingFilter,
    ObjectView,
    Syncing,
    by_name,
    filtered,
    listed,
    narrowed,
    saved_view,
    view,
)
from app.models import Application, RefKind, Snooze
from app.rules.vocabulary import ApplicationMode, ApplicationState, ReasonCode
from app.services import applications as service
from app.services import objects
from app.services.scope import check_filters, columns_of, find
from app.services.standings import Standing
from app.web.deps import InWork, Work
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Id, Input, Instant, Line, Output, SeveralWords, Word, absent, misplaced

applications = router("Applications")


class ApplicationUpdate(ApplicationFields):
    """What changes about an application; absent members stay."""

    client_contact_id: Id | None = Field(default=None, description="Null only for a direct application.")
    consultant_id: Id | None = Field(default=None, description="Null only for a direct application.")
    state: Word[ApplicationState] = absent()


class HoldView(Output):
    """A hold of the job by the client, past or present."""

    since: Instant
    until: Day | None
    reason: str | None
    ended_at: Instant | None


class ApplicationView(ObjectView):
    """One candidate put forward for one job."""

    candidate_id: Id
    job_id: Id
    client_contact_id: Id | None
    consultant_id: Id | None
    mode: ApplicationMode
    state: ApplicationState
    withdrawn_at: Instant | None
    continue_until: Day | None
    hold: HoldView | None


class ApplicationSaved(ApplicationView):
    """An application with where it stands now."""

    beside = frozenset({"application_status"})

    application_status: ExplainedStatus


class SnoozeCreate(Input):
    """One reason put off until an instant; it comes back at once when it escalates (G5)."""

    code: Word[ReasonCode] = Field(
        description="`preference_review` is a reason of the candidate's and cannot be put off.",
        json_schema_extra={"not": {"const": ReasonCode.PREFERENCE_REVIEW.value}},
    )
    until: Instant
    reason: Line = Field(description="Why; for the colleagues who wonder.")

    @model_validator(mode="after")
    def _is_an_applications_reason(self) -> Self:
        if self.code is ReasonCode.PREFERENCE_REVIEW:
            raise misplaced("code", "snooze_code", "must be a reason of an application, not of the candidate")
        return self


class SnoozeView(Tagged):
    """One reason put off until an instant."""

    id: Id
    application_id: Id
    code: ReasonCode
    until: Instant
    reason: str
    recorded_at: Instant
    voided: VoidedView | None = Field(description="Set where it was ended before its time.")


class SnoozeSaved(SnoozeView):
    """A snooze with where the application stands now."""

    beside = frozenset({"application_status"})

    application_status: ExplainedStatus


@applications.post(
    "/v1/applications",
    status_code=201,
    **operation("applications:write", 404, 409, upsert=ApplicationSaved),
)
async def create_application(body: ApplicationCreate, work: InWork, response: Response) -> ApplicationSaved:
    """Put a candidate forward for a job, or change the application that an external id names."""
    saved, standing = await service.create(
        work.db, work.caller, body.columns(), body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(ApplicationSaved, work, response, saved, application_status=explained(standing))


@applications.get("/v1/applications", **operation("applications:read", 404))
async def list_applications(
    work: InWork,
    sync: Syncing,
    paging: Paged,
    candidate_id: NamingFilter = None,
    job_id: NamingFilter = None,
    consultant_id: NamingFilter = None,
    client_contact_id: NamingFilter = None,
    state: Annotated[SeveralWords[ApplicationState] | None, Query(description="Repeat for several")] = None,
) -> Page[ApplicationView]:
    """List applications, oldest first."""
    naming = {
        "candidate_id": candidate_id,
        "job_id": job_id,
        "consultant_id": consultant_id,
        "client_contact_id": client_contact_id,
    }
    await check_filters(work.db, work.caller, naming)
    query = sync.of(work, RefKind.APPLICATION, Application)
    query = filtered(query, Application, {**naming, "state": state})
    return await listed(ApplicationView, work, paging, query, Application)


@applications.get("/v1/applications/{application_id}", **operation("applications:read", 404))
async def get_application(application_id: Id, work: InWork) -> ApplicationView:
    """Read an application."""
    return await view(ApplicationView, work, await find(work.db, work.caller, Application, application_id))


@applications.patch("/v1/applications/{application_id}", **operation("applications:write", 404))
async def update_application(application_id: Id, body: ApplicationUpdate, work: InWork) -> ApplicationSaved:
    """Change an application: close it, put it on hold, note a withdrawal or an agreement to wait."""
    changes = by_name(body, sent_only=True)
    row, standing = await service.update(work.db, work.caller, application_id, changes, now=work.now)
    return await view(ApplicationSaved, work, row, application_status=explained(standing))


@applications.post(
    "/v1/applications/{application_id}/snoozes",
    status_code=201,
    **operation("applications:write", 404),
)
async def create_snooze(application_id: Id, body: SnoozeCreate, work: InWork) -> SnoozeSaved:
    """Put one reason of an application off until an instant."""
    row, standing = await service.snooze(work.db, work.caller, application_id, by_name(body), now=work.now)
    return await _saved_snooze(work, row, standing)


@applications.get("/v1/applications/{application_id}/snoozes", **operation("applications:read", 404))
async def list_snoozes(application_id: Id, work: InWork, paging: Paged) -> Page[SnoozeView]:
    """List the snoozes of an application, oldest first."""
    await find(work.db, work.caller, Application, application_id)
    query = narrowed(columns_of(work.caller, Snooze), Snooze, {"application_id": application_id})
    rows, more = await objects.page(work.db, query, Snooze, after=paging.after, limit=paging.limit)
    snoozes = await service.described_snoozes(work.db, work.caller, rows)
    items = [SnoozeView.model_validate(snooze) for snooze in snoozes]
    return Page[SnoozeView](items=items, next_cursor=paging.next_cursor(rows, more=more))


@applications.get("/v1/snoozes/{snooze_id}", **operation("applications:read", 404))
async def get_snooze(snooze_id: Id, work: InWork) -> SnoozeView:
    """Read a snooze."""
    row = await find(work.db, work.caller, Snooze, snooze_id)
    [fields] = await service.described_snoozes(work.db, work.caller, [row])
    return SnoozeView.model_validate(fields)


@applications.post("/v1/snoozes/{snooze_id}/void", **operation("applications:write", 404, 409))
async def void_snooze(snooze_id: Id, body: VoidTerms, work: InWork) -> SnoozeSaved:
    """End a snooze before its time: its reason is shown again, and the snooze stays to be read."""
    row, standing = await service.void_snooze(work.db, work.caller, snooze_id, body.reason, now=work.now)
    return await _saved_snooze(work, row, standing)


async def _saved_snooze(work: Work, row: Snooze, standing: Standing) -> SnoozeSaved:
    [fields] = await service.described_snoozes(work.db, work.caller, [row])
    return SnoozeSaved.model_validate({**fields, "application_status": explained(standing)})
