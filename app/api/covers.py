"""Covers: who does a consultant's work while they are away."""

from pydantic import Field

from app.api.views import by_name, narrowed, recorded
from app.models import Consultant, Cover
from app.services import covers as service
from app.services.scope import columns_of, find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Id, Input, Instant

covers = router("Consultants")


class CoverCreate(Input):
    """Who does the consultant's work, from the first day to the last, in the zone of the one who is away."""

    covered_by: Id = Field(description="The consultant whose due list shows the items meanwhile.")
    from_: Day = Field(alias="from", description="The first day.")
    to: Day = Field(description="The last day, itself included.")


class CoverView(Tagged):
    """Who does a consultant's work while they are away."""

    id: Id
    consultant_id: Id
    covered_by: Id
    from_date: Day = Field(serialization_alias="from")
    to_date: Day = Field(serialization_alias="to")
    cancelled_at: Instant | None = Field(description="When it was cancelled, and so ended.")
    recorded_at: Instant


@covers.post(
    "/v1/consultants/{consultant_id}/covers",
    status_code=201,
    **operation("directory:write", 404),
)
async def create_cover(consultant_id: Id, body: CoverCreate, work: InWork) -> CoverView:
    """Let a consultant be covered while they are away; the due list of the one who covers shows the items."""
    row = await service.create(work.db, work.caller, consultant_id, by_name(body), now=work.now)
    return CoverView.model_validate(row)


@covers.get("/v1/consultants/{consultant_id}/covers", **operation("directory:read", 404))
async def list_covers(consultant_id: Id, work: InWork, paging: Paged) -> Page[CoverView]:
    """List a consultant's covers, past, present and planned, in the order they were recorded."""
    await find(work.db, work.caller, Consultant, consultant_id)
    query = narrowed(columns_of(work.caller, Cover), Cover, {"consultant_id": consultant_id})
    return await recorded(CoverView, work, paging, query, Cover)


@covers.get("/v1/covers/{cover_id}", **operation("directory:read", 404))
async def get_cover(cover_id: Id, work: InWork) -> CoverView:
    """Read a cover."""
    return CoverView.model_validate(await find(work.db, work.caller, Cover, cover_id))


@covers.post("/v1/covers/{cover_id}/cancel", **operation("directory:write", 404, 409))
async def cancel_cover(cover_id: Id, work: InWork) -> CoverView:
    """Cancel a cover: it ends now, and the consultant's work is their own again."""
    return CoverView.model_validate(await service.cancel(work.db, work.caller, cover_id, now=work.now))
