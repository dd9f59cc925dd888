"""Consultants: the people of the agency."""

from fastapi import Response

from app.api.members import ConsultantCreate
from app.api.views import (
    ObjectView,
    Syncing,
    by_name,
    listed,
    saved_view,
    view,
)
from app.models import Consultant, RefKind
from app.services import consultants as service
from app.services.scope import find
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Email, Id, Input, Name, Zone, absent

consultants = router("Consultants")


class ConsultantUpdate(Input):
    """What changes about a consultant; absent members stay."""

    name: Name = absent()
    email: Email | None = None
    timezone: Zone = absent()


class ConsultantView(ObjectView):
    """A consultant of the agency."""

    name: str
    email: str | None
    timezone: str


@consultants.post(
    "/v1/consultants", status_code=201, **operation("directory:write", 409, upsert=ConsultantView)
)
async def create_consultant(body: ConsultantCreate, work: InWork, response: Response) -> ConsultantView:
    """Create a consultant, or change the one that an external id names."""
    saved = await service.save(
        work.db, work.caller, body.columns(), body.refs(), given=body.given(), now=work.now
    )
    return await saved_view(ConsultantView, work, response, saved)


@consultants.get("/v1/consultants", **operation("directory:read"))
async def list_consultants(work: InWork, sync: Syncing, paging: Paged) -> Page[ConsultantView]:
    """List consultants, oldest first."""
    query = sync.of(work, RefKind.CONSULTANT, Consultant)
    return await listed(ConsultantView, work, paging, query, Consultant)


@consultants.get("/v1/consultants/{consultant_id}", **operation("directory:read", 404))
async def get_consultant(consultant_id: Id, work: InWork) -> ConsultantView:
    """Read a consultant."""
    return await view(ConsultantView, work, await find(work.db, work.caller, Consultant, consultant_id))


@consultants.patch("/v1/consultants/{consultant_id}", **operation("directory:write", 404))
async def update_consultant(consultant_id: Id, body: ConsultantUpdate, work: InWork) -> ConsultantView:
    """Change a consultant; absent members stay as they are."""
    changes = by_name(body, sent_only=True)
    row = await service.update(work.db, work.caller, consultant_id, changes, now=work.now)
    return await view(ConsultantView, work, row)
