"""Whether the service lives, and whether it can work."""

from fastapi import Request
from fastapi.routing import APIRoute

from app.db import Database
from app.errors import DrainingError, UnavailableError
from app.web.operations import AT_THE_DOOR, problem_responses, router
from app.web.schema import Output

health = router("Health", APIRoute)


class Health(Output):
    """A plain yes."""

    status: str


@health.get("/livez", responses=problem_responses(*AT_THE_DOOR))
async def get_liveness() -> Health:
    """Answer as long as the process runs; touches nothing else."""
    return Health(status="ok")


@health.get("/readyz", responses=problem_responses(*AT_THE_DOOR, 503))
async def get_readiness(request: Request) -> Health:
    """Answer once the database is there with the schema that this release needs, until the service is to end.

    A newer schema will do: the next release's works with this one too, so processes stay in service while they are
    replaced.
    """
    if request.app.state.is_draining:
        raise DrainingError
    database: Database = request.app.state.database
    revision = await database.revision()
    if revision is None or revision in request.app.state.older_revisions:
        raise UnavailableError("The schema is older than this release needs; run `touchbase migrate`.")
    return Health(status="ok")
