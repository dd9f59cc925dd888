"""Pauses: times in which a candidate wants to be left alone (G3)."""

from pydantic import Field

from app.api.shapes import ExplainedStatus, PauseCreate, explained
from app.api.views import by_name, narrowed, recorded
from app.models import Candidate, Pause
from app.services import pauses as service
from app.services.scope import columns_of, find
from app.services.standings import Standing
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Instant

pauses = router("Candidates")


class PauseView(Tagged):
    """A time in which a candidate wants to be left alone."""

    id: Id
    candidate_id: Id
    start: Instant = Field(serialization_alias="from")
    until: Instant
    allow_urgent: bool
    reason: str | None
    lifted_at: Instant | None = Field(
        description="When it was lifted or replaced; it ended then at the latest."
    )
    recorded_at: Instant


class PauseSaved(PauseView):
    """A pause with where every application of the candidate stands now."""

    beside = frozenset({"application_statuses"})

    application_statuses: list[ExplainedStatus]


@pauses.post(
    "/v1/candidates/{candidate_id}/pauses",
    status_code=201,
    **operation("directory:write", 404),
)
async def create_pause(candidate_id: Id, body: PauseCreate, work: InWork) -> PauseSaved:
    """Record a pause the candidate asked for; what would fall due in it waits for its end (G3)."""
    row, standings = await service.create(work.db, work.caller, candidate_id, by_name(body), now=work.now)
    return _saved(row, standings)


@pauses.get("/v1/candidates/{candidate_id}/pauses", **operation("directory:read", 404))
async def list_pauses(candidate_id: Id, work: InWork, paging: Paged) -> Page[PauseView]:
    """List the pauses of a candidate, in the order they were recorded."""
    await find(work.db, work.caller, Candidate, candidate_id)
    query = narrowed(columns_of(work.caller, Pause), Pause, {"candidate_id": candidate_id})
    return await recorded(PauseView, work, paging, query, Pause)


@pauses.get("/v1/pauses/{pause_id}", **operation("directory:read", 404))
async def get_pause(pause_id: Id, work: InWork) -> PauseView:
    """Read a pause."""
    return PauseView.model_validate(await find(work.db, work.caller, Pause, pause_id))


@pauses.post("/v1/pauses/{pause_id}/lift", **operation("directory:write", 404, 409))
async def lift_pause(pause_id: Id, work: InWork) -> PauseSaved:
    """Lift a pause: it ends now, and what it held back comes at once."""
    row, standings = await service.lift(work.db, work.caller, pause_id, now=work.now)
    return _saved(row, standings)


def _saved(row: Pause, standings: list[Standing]) -> PauseSaved:
    fields = PauseView.model_validate(row).model_dump()
    return PauseSaved.model_validate({**fields, "application_statuses": [explained(s) for s in standings]})
