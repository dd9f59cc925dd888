"""Candidates: the people who wait."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from app.api.members import CandidateCreate, CandidateFields
from app.api.views import (
    POLLING,
    ObjectView,
    Syncing,
    by_name,
    filtered,
    listed,
    saved_view,
    view,
)
from app.models import Candidate, RefKind
from app.services import pauses, people, preferences
from app.services.scope import check_filters, find
from app.web.deps import InWork, Work
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant, Name, Output, SeveralIds, Zone, absent

candidates = router("Candidates")

ByConsultant = Annotated[
    SeveralIds | None, Query(description="Only those this consultant owns; repeat for several")
]

PreferencesChangedSince = Annotated[
    Instant | None,
    Query(description=f"Only those whose preferences changed, recorded at or after this instant. {POLLING}"),
]


class CandidateUpdate(CandidateFields):
    """What changes about a candidate; absent members stay."""

    name: Name = absent()
    timezone: Zone = absent()
    seeking: bool = absent()


class DoNotContact(Output):
    """The pause the candidate asked for: the present one, else the next, else the last."""

    from_: Instant = Field(alias="from")
    until: Instant
    allow_urgent: bool
    reason: str | None


class CandidateView(ObjectView):
    """A candidate."""

    consultant_id: Id | None
    name: str
    email: str | None
    phone: str | None
    timezone: str
    holidays: str | None
    seeking: bool
    registered_at: Instant | None
    last_preference_review_at: Instant | None
    do_not_contact: DoNotContact | None


@candidates.post(
    "/v1/candidates",
    status_code=201,
    **operation("directory:write", 404, 409, upsert=CandidateView),
)
async def create_candidate(body: CandidateCreate, work: InWork, response: Response) -> CandidateView:
    """Create a candidate, or change the one that an external id names."""
    saved = await people.save_candidate(
        work.db, work.caller, body.columns(), body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(
        CandidateView, work, response, saved, do_not_contact=await _pause(work, saved.row.id)
    )


@candidates.get("/v1/candidates", **operation("directory:read", 404))
async def list_candidates(
    work: InWork,
    sync: Syncing,
    paging: Paged,
    consultant_id: ByConsultant = None,
    preferences_changed_since: PreferencesChangedSince = None,
) -> Page[CandidateView]:
    """List candidates, oldest first."""
    await check_filters(work.db, work.caller, {"consultant_id": consultant_id})
    query = sync.of(work, RefKind.CANDIDATE, Candidate)
    query = filtered(query, Candidate, {"consultant_id": consultant_id})
    if preferences_changed_since is not None:
        whose = preferences.whose_changed_since(work.caller, preferences_changed_since)
        query = query.where(Candidate.id.in_(whose))
    query = query.add_columns(pauses.shown(work.caller, work.now).label("do_not_contact"))
    return await listed(CandidateView, work, paging, query, Candidate)


@candidates.get("/v1/candidates/{candidate_id}", **operation("directory:read", 404))
async def get_candidate(candidate_id: Id, work: InWork) -> CandidateView:
    """Read a candidate."""
    row = await find(work.db, work.caller, Candidate, candidate_id)
    return await view(CandidateView, work, row, do_not_contact=await _pause(work, candidate_id))


@candidates.patch("/v1/candidates/{candidate_id}", **operation("directory:write", 404))
async def update_candidate(candidate_id: Id, body: CandidateUpdate, work: InWork) -> CandidateView:
    """Change a candidate; a pause, a zone or a review moves what is due to them at once."""
    changes = by_name(body, sent_only=True)
    row = await people.update_candidate(work.db, work.caller, candidate_id, changes, now=work.now)
    return await view(CandidateView, work, row, do_not_contact=await _pause(work, candidate_id))


async def _pause(work: Work, candidate_id: UUID) -> dict[str, Any] | None:
    return await pauses.shown_of(work.db, work.caller, candidate_id, now=work.now)
